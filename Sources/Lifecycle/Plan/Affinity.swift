import Bytes
import OCI

/// The processors that a process of `exec` may run on: config.md, `execCPUAffinity`. Each is a mask with bit n for processor n,
/// as sched_setaffinity(2) takes it.
struct Affinity {
    /// The mask until the process is in the container's cgroup. nil leaves the mask of wherry.
    let initial: [UInt8]?
    /// The mask from then on. nil keeps `initial`; if that is nil, too, all processors are allowed.
    let final: [UInt8]?

    init(_ affinity: ExecCPUAffinity?) {
        initial = affinity?.initial.map { Affinity.mask($0) }
        final = affinity?.final.map { Affinity.mask($0) }
    }

    private static func mask(_ list: NumberList) -> [UInt8] {
        var mask = [UInt8](repeating: 0, count: 1024)
        for range in list.ranges {
            for number in range where number < 8192 { mask[Int(number) / 8] |= 1 << UInt8(number % 8) }
        }
        return mask
    }
}
