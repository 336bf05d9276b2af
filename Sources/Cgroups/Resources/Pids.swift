import Bytes
import Errors
import OCI

/// The file of pids: the same in both versions. 0 is a limit like others: config-linux.md, "PIDs".
func pidsSteps(_ limit: Int64, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
    let property = PropertyName("pids/limit")
    guard limit >= -1 else {
        throw context.invalid(property, String(limit) + " is neither a number of processes nor -1, which is without limit")
    }
    return [.write(CgroupWrite(.pids, "pids.max", limit == -1 ? "max" : ByteString(decimal: limit), property))]
}
