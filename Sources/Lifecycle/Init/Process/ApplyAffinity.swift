import Linux

extension Affinity {
    /// Sets the affinity that the process has until it's in the container's cgroup. Host calls this, and the process inherits
    /// it.
    func applyInitial() {
        if let initial { Affinity.apply(initial) }
    }

    /// Sets the affinity of a process that is in the container's cgroup. If nothing is configured, the cgroup's cpuset alone
    /// limits the process, not the caller's affinity.
    func applyFinal() {
        if let final {
            Affinity.apply(final)
        } else if initial == nil {
            Affinity.allowAll()
        }
    }

    /// Lets this process run on all processors of its cgroup's cpuset.
    static func allowAll() { apply([UInt8](repeating: 0xFF, count: 1024)) }

    /// The kernel leaves out processors that don't exist or aren't in the cgroup's cpuset. If none is left, nothing changes.
    private static func apply(_ mask: [UInt8]) { OwnProcess.setAffinity(mask) }
}
