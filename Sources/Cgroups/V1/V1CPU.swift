import Bytes
import Errors
import OCI

extension V1 {
    /// Documentation/scheduler/sched-bwc.rst, sched-rt-group.rst.
    static func cpu(_ cpu: Resources.CPU, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        var weights: [CgroupWrite] = []
        if let shares = cpu.shares, shares != 0 {
            // The kernel takes any number and keeps another.
            guard (2...262_144).contains(shares) else {
                throw context.invalid(PropertyName("cpu/shares"), String(shares) + " is not between 2 and 262144")
            }
            weights.append(CgroupWrite(.cpu, "cpu.shares", shares, PropertyName("cpu/shares")))
        }
        if let idle = try context.idle(cpu) { weights.append(CgroupWrite(.cpu, "cpu.idle", idle, PropertyName("cpu/idle"))) }
        var bandwidth: [CgroupWrite] = []
        if let period = cpu.period, period != 0 {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_period_us", period, PropertyName("cpu/period")))
        }
        if let quota = try context.quota(cpu) {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_quota_us", quota, PropertyName("cpu/quota")))
        }
        if let burst = cpu.burst {
            bandwidth.append(CgroupWrite(.cpu, "cpu.cfs_burst_us", burst, PropertyName("cpu/burst"), optional: burst == 0))
        }
        var realtime: [CgroupWrite] = []
        if let period = cpu.realtimePeriod, period != 0 {
            realtime.append(CgroupWrite(.cpu, "cpu.rt_period_us", period, PropertyName("cpu/realtimePeriod")))
        }
        if let runtime = cpu.realtimeRuntime, runtime != 0 {
            realtime.append(CgroupWrite(.cpu, "cpu.rt_runtime_us", runtime, PropertyName("cpu/realtimeRuntime")))
        }
        return [weights, bandwidth, realtime].filter { !$0.isEmpty }.map { .together($0) }
    }
}

extension PlanContext {
    /// Microseconds, -1 for no limit; nil for 0, which the kernel doesn't take and engines send for "unset".
    func quota(_ cpu: Resources.CPU) throws(RuntimeError) -> Int64? {
        guard let quota = try limit(cpu.quota, "cpu/quota") else { return nil }
        if let burst = cpu.burst, quota > 0, burst > UInt64(quota) {
            throw invalid(PropertyName("cpu/burst"), String(burst) + " is above cpu.quota, " + String(quota))
        }
        return quota
    }

    func idle(_ cpu: Resources.CPU) throws(RuntimeError) -> Int64? {
        guard let idle = cpu.idle else { return nil }
        guard idle == 0 || idle == 1 else { throw invalid(PropertyName("cpu/idle"), String(idle) + " is neither 0 nor 1") }
        return idle
    }
}
