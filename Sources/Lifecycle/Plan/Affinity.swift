import Bytes
import OCI

/// The processors that a process may run on: config.md, `execCPUAffinity`.
struct Affinity {
    let initial: [UInt8]?
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
