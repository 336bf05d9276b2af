import Bytes
import Errors
import Linux
import OCI

extension V2 {
    /// The steps for `cpu`: admin-guide/cgroup-v2.rst, "CPU Interface Files".
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
            // Without a second number, the kernel keeps the period.
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

    /// Converts shares of v1, 2 to 262144 with the default 1024, to a weight of v2, 1 to 10000 with the default 100.
    ///
    /// The curve is the one of runc since 1.3.2 and crun since 1.23. It maps both ends and the default exactly, so a container
    /// keeps its rank relative to processes outside of it. Shares outside of the range count as its nearest end, as the kernel
    /// does on v1.
    static func weight(shares: UInt64) -> UInt64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let doublings = binaryLogarithm(Double(shares))
        let exponent = (doublings * doublings + 125 * doublings) / 612 - 7.0 / 34
        // Search the lowest weight that isn't below 10 to the power of `exponent`. The margin makes up for rounding errors.
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

    /// The binary logarithm of a number that is at least 1.
    ///
    /// log2(3) and pow(3) of the C library would add tables of 11 KB to the program, which is copied into memory for each
    /// container.
    private static func binaryLogarithm(_ number: Double) -> Double {
        var logarithm = Double(number.exponent)
        var rest = number.significand
        var place = 0.5
        while place > 1e-16 {
            // Squaring the number doubles its logarithm, which moves the next binary digit before the point.
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
