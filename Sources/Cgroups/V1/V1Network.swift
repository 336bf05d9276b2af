import Bytes
import OCI

extension V1 {
    /// The step for `network.classID`: admin-guide/cgroup-v1/net_cls.rst. 0 needs no step, because it's the kernel's default.
    static func networkClass(_ network: Resources.Network) -> [CgroupStep] {
        guard let classID = network.classID, classID != 0 else { return [] }
        return [.write(CgroupWrite(.netCls, "net_cls.classid", classID, PropertyName("network/classID")))]
    }

    /// The steps for `network.priorities`: admin-guide/cgroup-v1/net_prio.rst.
    static func networkPriorities(_ network: Resources.Network) -> [CgroupStep] {
        network.priorities.enumerated().map { index, entry in
            let line = entry.name.text + " " + ByteString(decimal: entry.priority)
            return .write(CgroupWrite(.netPrio, "net_prio.ifpriomap", line, PropertyName("network/priorities", index: index)))
        }
    }
}
