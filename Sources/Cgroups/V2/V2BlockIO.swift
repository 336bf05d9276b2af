import Bytes
import Errors
import OCI

extension V2 {
    /// The steps for `blockIO`: admin-guide/cgroup-v2.rst, "IO Interface Files".
    ///
    /// If BFQ is the scheduler, it has its own files for weights. They have the range of v1.
    static func blockIO(_ io: Resources.BlockIO, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        let property = PropertyName("blockIO/weight")
        if let weight = io.weight?.number {
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "io.bfq.weight", weight, property),
                    CgroupWrite(.blkio, "io.weight", ioWeight(weight), property),
                ]))
        }
        if io.leafWeight != nil { throw context.notInV2(PropertyName("blockIO/leafWeight")) }
        for (index, entry) in io.weightDevice.enumerated() {
            if entry.leafWeight != nil {
                throw context.notInV2(PropertyName("blockIO/weightDevice", index: index, member: "leafWeight"))
            }
            let property = PropertyName("blockIO/weightDevice", index: index, member: "weight")
            guard let weight = entry.weight?.number else { continue }
            let device = entry.device.text
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "io.bfq.weight", device + " " + ByteString(decimal: weight), property),
                    CgroupWrite(.blkio, "io.weight", device + " " + ByteString(decimal: ioWeight(weight)), property),
                ]))
        }
        @inline(never)
        func throttle(_ entries: [Resources.ThrottleDevice], _ key: ByteString, _ name: StaticString) {
            for (index, entry) in entries.enumerated() {
                // 0 lifts a limit on v1, "max" on v2.
                let rate: ByteString = entry.rate == 0 ? "max" : ByteString(decimal: entry.rate)
                let property = PropertyName(name, index: index, member: "rate")
                steps.append(.write(CgroupWrite(.blkio, "io.max", entry.device.text + " " + key + "=" + rate, property)))
            }
        }
        throttle(io.throttleReadBpsDevice, "rbps", "blockIO/throttleReadBpsDevice")
        throttle(io.throttleWriteBpsDevice, "wbps", "blockIO/throttleWriteBpsDevice")
        throttle(io.throttleReadIOPSDevice, "riops", "blockIO/throttleReadIOPSDevice")
        throttle(io.throttleWriteIOPSDevice, "wiops", "blockIO/throttleWriteIOPSDevice")
        return steps
    }

    /// Converts a weight of v1, 10 to 1000, linearly to one of v2, 1 to 10000.
    static func ioWeight(_ weight: UInt16) -> UInt64 { 1 + (UInt64(weight) - 10) * 9999 / 990 }
}
