import Bytes
import OCI

/// The file of pids: the same in both versions.
func pidsSteps(_ limit: Limit) -> [CgroupStep] {
    [.write(CgroupWrite(.pids, "pids.max", limit.textInV2, PropertyName("pids/limit")))]
}

extension Limit {
    /// As cgroup v2 has it, and the files that are the same in both versions.
    var textInV2: ByteString { isUnlimited ? "max" : ByteString(decimal: number) }
}
