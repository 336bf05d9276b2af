import Linux

extension Affinity {
    /// Before the process is in the container's cgroup.
    func applyInitial() {
        if let initial { Affinity.apply(initial) }
    }

    /// When it's there. What the caller was bound to isn't the container's: its cpuset is.
    func applyFinal() {
        if let final {
            Affinity.apply(final)
        } else if initial == nil {
            Affinity.allowAll()
        }
    }

    static func allowAll() { apply([UInt8](repeating: 0xFF, count: 1024)) }

    /// Processors that aren't there, or aren't the cgroup's, are left out by the kernel; a set of none is no set.
    private static func apply(_ mask: [UInt8]) { OwnProcess.setAffinity(mask) }
}
