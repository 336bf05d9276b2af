import Bytes
import OCI

extension V1 {
    /// The steps for `blockIO`: admin-guide/cgroup-v1/blkio-controller.rst.
    ///
    /// The weights have files of the scheduler CFQ, which kernel 5.0 removed, or of BFQ.
    static func blockIO(_ io: Resources.BlockIO) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        if let weight = io.weight?.number {
            let property = PropertyName("blockIO/weight")
            steps.append(
                .firstPresent([
                    CgroupWrite(.blkio, "blkio.weight", weight, property),
                    CgroupWrite(.blkio, "blkio.bfq.weight", weight, property),
                ]))
        }
        if let weight = io.leafWeight?.number {
            steps.append(.write(CgroupWrite(.blkio, "blkio.leaf_weight", weight, PropertyName("blockIO/leafWeight"))))
        }
        for (index, entry) in io.weightDevice.enumerated() {
            let property = PropertyName("blockIO/weightDevice", index: index, member: "weight")
            if let weight = entry.weight?.number {
                let line = entry.device.text + " " + ByteString(decimal: weight)
                steps.append(
                    .firstPresent([
                        CgroupWrite(.blkio, "blkio.weight_device", line, property),
                        CgroupWrite(.blkio, "blkio.bfq.weight_device", line, property),
                    ]))
            }
            let leaf = PropertyName("blockIO/weightDevice", index: index, member: "leafWeight")
            if let weight = entry.leafWeight?.number {
                let line = entry.device.text + " " + ByteString(decimal: weight)
                steps.append(.write(CgroupWrite(.blkio, "blkio.leaf_weight_device", line, leaf)))
            }
        }
        @inline(never)
        func throttle(_ entries: [Resources.ThrottleDevice], _ file: ByteString, _ name: StaticString) {
            for (index, entry) in entries.enumerated() {
                let line = entry.device.text + " " + ByteString(decimal: entry.rate)
                steps.append(.write(CgroupWrite(.blkio, file, line, PropertyName(name, index: index, member: "rate"))))
            }
        }
        throttle(io.throttleReadBpsDevice, "blkio.throttle.read_bps_device", "blockIO/throttleReadBpsDevice")
        throttle(io.throttleWriteBpsDevice, "blkio.throttle.write_bps_device", "blockIO/throttleWriteBpsDevice")
        throttle(io.throttleReadIOPSDevice, "blkio.throttle.read_iops_device", "blockIO/throttleReadIOPSDevice")
        throttle(io.throttleWriteIOPSDevice, "blkio.throttle.write_iops_device", "blockIO/throttleWriteIOPSDevice")
        return steps
    }
}
