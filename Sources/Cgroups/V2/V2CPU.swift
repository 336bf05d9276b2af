import Bytes
import Errors
import Linux
import OCI

extension V2 {
    /// Admin-guide/cgroup-v2.rst, "CPU Interface Files".
    static func cpu(_ cpu: Resources.CPU, _ context: PlanContext) throws(RuntimeError) -> [CgroupStep] {
        if cpu.realtimePeriod != nil { throw context.notInV2(PropertyName("cpu/realtimePeriod")) }
        if cpu.realtimeRuntime != nil { throw context.notInV2(PropertyName("cpu/realtimeRuntime")) }
        var weights: [CgroupWrite] = []
        if let shares = cpu.shares {
            weights.append(CgroupWrite(.cpu, "cpu.weight", weight(shares: shares), PropertyName("cpu/shares")))
        }
        if let idle = cpu.idle { weights.append(CgroupWrite(.cpu, "cpu.idle", idle ? 1 : 0, PropertyName("cpu/idle"))) }

        var bandwidth: [CgroupWrite] = []
        if let quota = cpu.quota {
            var value = quota.textInV2
            // One number alone leaves the period as it is.
            if let period = cpu.period { value = value + " " + ByteString(decimal: period) }
            bandwidth.append(CgroupWrite(.cpu, "cpu.max", value, PropertyName("cpu/quota")))
        }
        if let burst = cpu.burst {
            bandwidth.append(CgroupWrite(.cpu, "cpu.max.burst", burst, PropertyName("cpu/burst"), optional: burst == 0))
        }
        var steps: [CgroupStep] = [weights, bandwidth].filter { !$0.isEmpty }.map { .together($0) }
        if cpu.quota == nil, let period = cpu.period { steps.append(.cpuPeriod(period)) }
        return steps
    }

    /// v1's shares, 2 to 262144 with 1024 in the middle, as v2's weight, 1 to 10000 with 100 in the middle.
    ///
    /// The curve that runc 1.3.2 and crun 1.23 brought in: it meets all three points, so that containers keep their rank among
    /// processes outside. Shares beyond the ends count as the ends, as v1's kernel takes them.
    static func weight(shares: UInt64) -> UInt64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let doublings = binaryLogarithm(Double(shares))
        let exponent = (doublings * doublings + 125 * doublings) / 612 - 7.0 / 34
        // The lowest weight that isn't below 10 to the power of `exponent`. The margin is for what rounding makes of equal ones.
        let least = exponent * binaryLogarithm(10) - 1e-12
        var weights: Range<UInt64> = 1..<10_001
        while weights.count > 1 {
            let middle = (weights.lowerBound + weights.upperBound) / 2
            if binaryLogarithm(Double(middle - 1)) < least {
                weights = middle..<weights.upperBound
            } else {
                weights = weights.lowerBound..<middle
            }
        }
        return weights.lowerBound
    }

    /// log2(3) of a number from 1 on. The C library's, and its pow(3), bring tables of 11 KB, which would be copied for each container.
    private static func binaryLogarithm(_ number: Double) -> Double {
        var logarithm = Double(number.exponent)
        var rest = number.significand
        var place = 0.5
        while place > 1e-16 {
            // Squaring doubles the logarithm: its next binary digit comes before the point.
            rest *= rest
            if rest >= 2 {
                rest /= 2
                logarithm += place
            }
            place /= 2
        }
        return logarithm
    }
}
