import Bytes
import Errors
import OCI

extension V1 {
    /// Admin-guide/cgroup-v1/net_cls.rst. 0 is what a cgroup has without it.
    static func networkClass(_ network: Resources.Network, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        guard let classID = network.classID, classID != 0 else { return [] }
        return [.write(CgroupWrite(.netCls, "net_cls.classid", classID, PropertyName("network/classID")))]
    }

    /// Admin-guide/cgroup-v1/net_prio.rst.
    static func networkPriorities(_ network: Resources.Network, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var steps: [CgroupStep] = []
        for (index, entry) in network.priorities.enumerated() {
            let property = PropertyName("network/priorities", index: index)
            guard entry.name.isPlainName, entry.name.count < 16 else {
                throw context.invalid(property, entry.name.quoted + " is not the name of a network interface")
            }
            let line = entry.name + " " + ByteString(decimal: entry.priority)
            steps.append(.write(CgroupWrite(.netPrio, "net_prio.ifpriomap", line, property)))
        }
        return steps
    }
}
