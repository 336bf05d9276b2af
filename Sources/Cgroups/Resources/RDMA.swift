import Bytes
import OCI

/// The steps for `rdma`. The file is the same in both versions: admin-guide/cgroup-v1/rdma.rst.
func rdmaSteps(_ limits: [Resources.RDMALimit]) -> [CgroupStep] {
    limits.map { limit in
        var line = limit.device.text
        if let handles = limit.hcaHandles { line = line + " hca_handle=" + ByteString(decimal: handles) }
        if let objects = limit.hcaObjects { line = line + " hca_object=" + ByteString(decimal: objects) }
        return .write(CgroupWrite(.rdma, "rdma.max", line, PropertyName("rdma", key: limit.device.text)))
    }
}
