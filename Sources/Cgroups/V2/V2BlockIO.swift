import Bytes
import Errors
import OCI

extension V2 {
    /// Admin-guide/cgroup-v2.rst, "IO Interface Files". BFQ, where it's the scheduler, has its own weights, which are v1's.
    static func blockIO(_ io: Resources.BlockIO, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        let property = PropertyName("blockIO/weight")
        if let weight = try context.weight(io.weight, property) {
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "io.bfq.weight", weight, property),
                    CgroupWrite(.blkio, "io.weight", ioWeight(weight), property),
                ]))
        }
        if let leaf = io.leafWeight, leaf != 0 { throw context.notInV2(PropertyName("blockIO/leafWeight")) }
        for (index, entry) in io.weightDevice.enumerated() {
            if let leaf = entry.leafWeight, leaf != 0 {
                throw context.notInV2(PropertyName("blockIO/weightDevice", index: index, member: "leafWeight"))
            }
            let property = PropertyName("blockIO/weightDevice", index: index, member: "weight")
            let device = try context.blockDevice(entry.major, entry.minor, "blockIO/weightDevice", index)
            guard let weight = try context.weight(entry.weight, property) else { continue }
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "io.bfq.weight", device + " " + ByteString(decimal: weight), property),
                    CgroupWrite(.blkio, "io.weight", device + " " + ByteString(decimal: ioWeight(weight)), property),
                ]))
        }
        func throttle(_ entries: [Resources.ThrottleDevice], _ key: ByteString, _ name: StaticString) throws(RuntimeError) {
            for (index, entry) in entries.enumerated() {
                let device = try context.blockDevice(entry.major, entry.minor, name, index)
                // v1 lifts a limit with 0, v2 with "max".
                let rate: ByteString = entry.rate == 0 ? "max" : ByteString(decimal: entry.rate)
                let property = PropertyName(name, index: index, member: "rate")
                steps.append(.write(CgroupWrite(.blkio, "io.max", device + " " + key + "=" + rate, property)))
            }
        }
        try throttle(io.throttleReadBpsDevice, "rbps", "blockIO/throttleReadBpsDevice")
        try throttle(io.throttleWriteBpsDevice, "wbps", "blockIO/throttleWriteBpsDevice")
        try throttle(io.throttleReadIOPSDevice, "riops", "blockIO/throttleReadIOPSDevice")
        try throttle(io.throttleWriteIOPSDevice, "wiops", "blockIO/throttleWriteIOPSDevice")
        return steps
    }

    /// v1's 10 to 1000 as v2's 1 to 10000, along a straight line.
    static func ioWeight(_ weight: UInt16) -> UInt64 { 1 + (UInt64(weight) - 10) * 9999 / 990 }
}
