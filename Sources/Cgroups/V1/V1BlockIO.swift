import Bytes
import Errors
import OCI

extension V1 {
    /// Admin-guide/cgroup-v1/blkio-controller.rst. The weights are CFQ's files, which went with kernel 5.0, or else BFQ's.
    static func blockIO(_ io: Resources.BlockIO, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        if let weight = try context.weight(io.weight, PropertyName("blockIO/weight")) {
            let property = PropertyName("blockIO/weight")
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "blkio.weight", weight, property),
                    CgroupWrite(.blkio, "blkio.bfq.weight", weight, property),
                ]))
        }
        if let weight = try context.weight(io.leafWeight, PropertyName("blockIO/leafWeight")) {
            steps.append(.write(CgroupWrite(.blkio, "blkio.leaf_weight", weight, PropertyName("blockIO/leafWeight"))))
        }
        for (index, entry) in io.weightDevice.enumerated() {
            let device = try context.blockDevice(entry.major, entry.minor, "blockIO/weightDevice", index)
            let property = PropertyName("blockIO/weightDevice", index: index, member: "weight")
            if let weight = try context.weight(entry.weight, property) {
                let line = device + " " + ByteString(decimal: weight)
                steps.append(
                    .firstPresent([
                        CgroupWrite(.blkio, "blkio.weight_device", line, property),
                        CgroupWrite(.blkio, "blkio.bfq.weight_device", line, property),
                    ]))
            }
            let leaf = PropertyName("blockIO/weightDevice", index: index, member: "leafWeight")
            if let weight = try context.weight(entry.leafWeight, leaf) {
                steps.append(
                    .write(CgroupWrite(.blkio, "blkio.leaf_weight_device", device + " " + ByteString(decimal: weight), leaf)))
            }
        }
        func throttle(_ entries: [Resources.ThrottleDevice], _ file: ByteString, _ name: StaticString) throws(RuntimeError) {
            for (index, entry) in entries.enumerated() {
                let device = try context.blockDevice(entry.major, entry.minor, name, index)
                let line = device + " " + ByteString(decimal: entry.rate)
                steps.append(.write(CgroupWrite(.blkio, file, line, PropertyName(name, index: index, member: "rate"))))
            }
        }
        try throttle(io.throttleReadBpsDevice, "blkio.throttle.read_bps_device", "blockIO/throttleReadBpsDevice")
        try throttle(io.throttleWriteBpsDevice, "blkio.throttle.write_bps_device", "blockIO/throttleWriteBpsDevice")
        try throttle(io.throttleReadIOPSDevice, "blkio.throttle.read_iops_device", "blockIO/throttleReadIOPSDevice")
        try throttle(io.throttleWriteIOPSDevice, "blkio.throttle.write_iops_device", "blockIO/throttleWriteIOPSDevice")
        return steps
    }
}

extension PlanContext {
    /// Nil for 0, which engines send for "unset".
    func weight(_ weight: UInt16?, _ property: PropertyName) throws(RuntimeError) -> UInt16? {
        guard let weight, weight != 0 else { return nil }
        guard (10...1000).contains(weight) else { throw invalid(property, String(weight) + " is not between 10 and 1000") }
        return weight
    }

    /// "MAJOR:MINOR".
    func blockDevice(_ major: Int64, _ minor: Int64, _ name: StaticString, _ index: Int) throws(RuntimeError) -> ByteString {
        guard (0...0xFFF).contains(major), (0...0xF_FFFF).contains(minor) else {
            throw invalid(PropertyName(name, index: index), String(major) + ":" + String(minor) + " is not a device number")
        }
        return ByteString(decimal: major) + ":" + ByteString(decimal: minor)
    }
}
