import Bytes
import OCI

/// The step for `pids`. The file is the same in both versions.
func pidsSteps(_ limit: Limit) -> [CgroupStep] {
    [.write(CgroupWrite(.pids, "pids.max", limit.textInV2, PropertyName("pids/limit")))]
}

extension Limit {
    /// The limit as text for files of cgroup v2, and for files that are the same in both versions.
    var textInV2: ByteString { isUnlimited ? "max" : ByteString(decimal: number) }
}
