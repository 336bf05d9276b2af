import Bytes
import Errors
import OCI

extension V1 {
    /// The steps for `cpu`: Documentation/scheduler/sched-bwc.rst and sched-rt-group.rst.
    static func cpu(_ cpu: Resources.CPU, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var weights: [CgroupWrite] = []
        if let shares = cpu.shares {
            // The kernel accepts any number, but silently replaces one outside of this range.
            guard (2...262_144).contains(shares) else {
                throw context.invalid(PropertyName("cpu/shares"), String(shares) + " is not between 2 and 262144")
            }
            weights.append(CgroupWrite(.cpu, "cpu.shares", shares, PropertyName("cpu/shares")))
        }
        if let idle = cpu.idle { weights.append(CgroupWrite(.cpu, "cpu.idle", idle ? 1 : 0, PropertyName("cpu/idle"))) }
        var bandwidth: [CgroupWrite] = []
        if let period = cpu.period {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_period_us", period, PropertyName("cpu/period")))
        }
        if let quota = cpu.quota {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_quota_us", quota.number, PropertyName("cpu/quota")))
        }
        if let burst = cpu.burst {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_burst_us", burst, PropertyName("cpu/burst"), optional: burst == 0))
        }
        var realtime: [CgroupWrite] = []
        if let period = cpu.realtimePeriod {
            realtime.append(CgroupWrite(.cpu, "cpu.rt_period_us", period, PropertyName("cpu/realtimePeriod")))
        }
        if let runtime = cpu.realtimeRuntime {
            realtime.append(CgroupWrite(.cpu, "cpu.rt_runtime_us", runtime.number, PropertyName("cpu/realtimeRuntime")))
        }
        return [weights, bandwidth, realtime].filter { !$0.isEmpty }.map { .together($0) }
    }
}
