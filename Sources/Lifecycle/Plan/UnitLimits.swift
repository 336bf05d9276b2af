import Bytes
import Cgroups
import OCI
import Systemd

/// The limits of a container as properties of its unit: systemd.resource-control(5), org.freedesktop.systemd1(5).
///
/// The limits are also written to the cgroup's files. But systemd writes its own idea of a unit's limits to these files whenever
/// it likes, as after `systemctl daemon-reload`, so it must have the same numbers. Limits that systemd has no property for are
/// only in the files, and systemd leaves them alone.
enum UnitLimits {
    /// The properties for steps of a plan. They have the values of the files, and so the same rounding and the same conversions.
    static func properties(for steps: [CgroupStep]) -> [UnitProperty] {
        var properties: [UnitProperty] = []
        for write in steps.flatMap({ $0.writes }) { properties += self.properties(of: write.file, write.value) }
        properties += quota(of: steps)
        return properties
    }

    private static func properties(of file: ByteString, _ value: ByteString) -> [UnitProperty] {
        switch file {
        case "memory.max": number("MemoryMax", value)
        case "memory.high": number("MemoryHigh", value)
        case "memory.low": number("MemoryLow", value)
        case "memory.min": number("MemoryMin", value)
        case "memory.swap.max": number("MemorySwapMax", value)
        case "memory.limit_in_bytes": number("MemoryLimit", value)
        case "cpu.weight": number("CPUWeight", value)
        case "cpu.shares": number("CPUShares", value)
        case "io.weight": number("IOWeight", value.hasPrefix("default ") ? value.dropFirst(8) : value)
        case "blkio.weight": number("BlockIOWeight", value)
        case "pids.max": number("TasksMax", value)
        case "cpuset.cpus": set("AllowedCPUs", value)
        case "cpuset.mems": set("AllowedMemoryNodes", value)
        default: []
        }
    }

    /// A property of type t, in which the highest number means "no limit". Empty if the text isn't a number, as for a device's
    /// own weight.
    private static func number(_ name: ByteString, _ value: ByteString) -> [UnitProperty] {
        if value == "max" || value == "-1" { return [UnitProperty(name, .uint64(.max))] }
        guard let number: UInt64 = value.decimal() else { return [] }
        return [UnitProperty(name, .uint64(number))]
    }

    /// A property that is a set of numbers, each a bit, the lowest first.
    private static func set(_ name: ByteString, _ value: ByteString) -> [UnitProperty] {
        var bits: [UInt8] = []
        for part in value.split(separator: UInt8(ascii: ",")) {
            let ends = part.splitOnce(separator: UInt8(ascii: "-")) ?? (part, part)
            // The kernel has at most 8192 processors.
            guard let first: Int = ends.0.decimal(), let last: Int = ends.1.decimal(), first <= last, last < 8192 else {
                return []
            }
            for number in first...last {
                while bits.count <= number / 8 { bits.append(0) }
                bits[number / 8] |= 1 << UInt8(number % 8)
            }
        }
        return bits.isEmpty ? [] : [UnitProperty(name, .bytes(bits))]
    }

    /// The share of a processor's time. systemd has the quota for one second, and the period beside it, both in microseconds.
    private static func quota(of steps: [CgroupStep]) -> [UnitProperty] {
        var quota: ByteString?
        var period: ByteString?
        for step in steps {
            if case .cpuPeriod(let number) = step { period = ByteString(decimal: number) }
        }
        for write in steps.flatMap({ $0.writes }) {
            switch write.file {
            case "cpu.max":
                let words = write.value.words
                quota = words.first
                period = words.count > 1 ? words[1] : nil
            case "cpu.cfs_quota_us": quota = write.value
            case "cpu.cfs_period_us": period = write.value
            default: break
            }
        }
        var properties: [UnitProperty] = []
        let length: UInt64 = period?.decimal() ?? 100_000
        if period != nil { properties.append(UnitProperty("CPUQuotaPeriodUSec", .uint64(length))) }
        guard let quota else { return properties }
        var perSecond = UInt64.max
        if let microseconds: UInt64 = quota.decimal(), length > 0 {
            // systemd keeps whole percents and rounds down, so this is rounded up.
            let exact = microseconds.multipliedReportingOverflow(by: 1_000_000)
            perSecond = exact.overflow ? .max : (exact.partialValue / length + 9_999) / 10_000 * 10_000
        }
        return properties + [UnitProperty("CPUQuotaPerSecUSec", .uint64(perSecond))]
    }

    // MARK: Devices

    /// The properties for device rules. Empty if systemd can't express them: it can only allow devices.
    ///
    /// On cgroup v1 systemd would otherwise allow all devices when it writes the unit's rules anew.
    static func properties(forDevices rules: [Resources.DeviceRule], _ drivers: DeviceDrivers) -> [UnitProperty] {
        guard let lines = DeviceLine.lines(for: rules), let first = lines.first, !first.allow, first.text == "a",
            lines.dropFirst().allSatisfy({ $0.allow })
        else { return [] }
        var allowed: [UnitProperty.Pair] = []
        for line in lines.dropFirst() {
            let words = line.text.words
            guard words.count == 3, let (major, minor) = words[1].splitOnce(separator: UInt8(ascii: ":")) else { return [] }
            let kind: ByteString = words[0] == "b" ? "block" : "char"
            switch (major, minor) {
            case ("*", "*"): allowed.append(UnitProperty.Pair(kind + "-*", words[2]))
            case ("*", _): return []
            case (_, "*"):
                // systemd knows groups of devices only by the name of their driver. Without a driver there are no devices.
                guard let name = drivers.name(of: major, kind) else { continue }
                allowed.append(UnitProperty.Pair(kind + "-" + name, words[2]))
            default: allowed.append(UnitProperty.Pair("/dev/" + kind + "/" + words[1], words[2]))
            }
        }
        return [UnitProperty("DevicePolicy", .string("strict")), UnitProperty("DeviceAllow", .pairs(allowed))]
    }
}
