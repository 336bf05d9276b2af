import Bytes
import CLinux
import Errors
import OCI

/// The processors that a process may run on: config.md, `execCPUAffinity`.
struct Affinity {
    private let initial: [UInt8]?
    private let final: [UInt8]?

    init(_ affinity: ExecCPUAffinity?) {
        initial = affinity.flatMap { Affinity.mask($0.initial) }
        final = affinity.flatMap { Affinity.mask($0.final) }
    }

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
    private static func apply(_ mask: [UInt8]) { _ = c_sched_setaffinity(0, UInt(mask.count), mask) }

    private static func mask(_ list: ByteString) -> [UInt8]? {
        guard !list.isEmpty, let ranges = NumberList(list)?.ranges else { return nil }
        var mask = [UInt8](repeating: 0, count: 1024)
        for range in ranges {
            for number in range where number < 8192 { mask[Int(number) / 8] |= 1 << UInt8(number % 8) }
        }
        return mask
    }
}
