import OCI

/// The processors that a process of `exec` may run on: config.md, `execCPUAffinity`. Each is a mask with bit n for processor n,
/// as sched_setaffinity(2) takes it.
struct Affinity {
    /// The mask until the process is in the container's cgroup. nil leaves the mask of wherry.
    let initial: [UInt8]?
    /// The mask from then on. nil keeps `initial`; if that is nil, too, all processors are allowed.
    let final: [UInt8]?

    init(_ affinity: ExecCPUAffinity?) {
        initial = affinity?.initial.map { $0.mask }
        final = affinity?.final.map { $0.mask }
    }
}
