import Bytes
import Errors
import OCI

/// The file of rdma: the same in both versions. See admin-guide/cgroup-v1/rdma.rst.
func rdmaSteps(_ limits: [Resources.RDMALimit], _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
    var steps: [CgroupStep] = []
    for limit in limits {
        let property = PropertyName("rdma", key: limit.device)
        guard limit.device.isPlainName else {
            throw context.invalid(property, limit.device.quoted + " is not the name of an RDMA device")
        }
        var line = limit.device
        if let handles = limit.hcaHandles { line = line + " hca_handle=" + ByteString(decimal: handles) }
        if let objects = limit.hcaObjects { line = line + " hca_object=" + ByteString(decimal: objects) }
        guard line.count > limit.device.count else {
            throw context.invalid(property, "has neither hcaHandles nor hcaObjects")
        }
        steps.append(.write(CgroupWrite(.rdma, "rdma.max", line, property)))
    }
    return steps
}

extension ByteString {
    /// Whether it's visible ASCII without "/": nothing that could name another file or begin another line.
    var isPlainName: Bool { !isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") } }
}
