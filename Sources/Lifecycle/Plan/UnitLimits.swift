import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Systemd

/// The limits of a container as properties of its unit: systemd.resource-control(5), org.freedesktop.systemd1(5).
///
/// The limits are also written to the cgroup's files. But systemd writes the properties of a unit to these files whenever it
/// likes, as after `systemctl daemon-reload`. So each file that systemd writes must have its property.
enum UnitLimits {
    /// A file of the cgroup and its content.
    typealias Value = (file: ByteString, text: ByteString)

    /// The properties for the limits of a new cgroup. They have the values of the files, and so the same conversions.
    static func properties(for steps: [CgroupStep]) -> [UnitProperty] {
        properties(for: steps.flatMap { $0.writes }.map { ($0.file, $0.value) })
    }

    /// The properties for the limits that an update has changed. They are read back, since some depend on what was there before:
    /// a quota without a period, for instance.
    static func properties(for steps: [CgroupStep], writtenTo cgroup: Cgroup) throws(RuntimeError) -> [UnitProperty] {
        var files = steps.flatMap { $0.files }
        if files.contains("cpu.cfs_quota_us") || files.contains("cpu.cfs_period_us") {
            files += ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
        }
        // Without this systemd, for which it's the weight 0, would make the cgroup idle again.
        if files.contains("cpu.idle") { files.append("cpu.weight") }
        // A lifted limit on a disk isn't in the file any more, and what is in the file counts.
        let written = steps.flatMap { $0.writes }.filter { UnitDiskLimits.files.contains($0.file) }
        let lifted: [Value] = written.map { (file: $0.file, text: $0.value) }
        let present = try cgroup.contents(of: files)
        return properties(for: lifted + present).filter { !fixedByStart.contains($0.name) }
    }

    /// systemd accepts these for a new unit only.
    private static let fixedByStart: [ByteString] = ["OOMPolicy"]

    static func properties(for values: [Value]) -> [UnitProperty] {
        values.flatMap { properties(of: $0.file, $0.text) } + quota(values) + idleness(values) + UnitDiskLimits.properties(values)
    }

    private static func properties(of file: ByteString, _ text: ByteString) -> [UnitProperty] {
        switch file {
        case "memory.max": number("MemoryMax", text)
        case "memory.high": number("MemoryHigh", text)
        case "memory.low": number("MemoryLow", text)
        case "memory.min": number("MemoryMin", text)
        case "memory.swap.max": number("MemorySwapMax", text)
        case "memory.zswap.max": number("MemoryZSwapMax", text)
        case "memory.limit_in_bytes": number("MemoryLimit", text)
        case "memory.oom.group": [UnitProperty("OOMPolicy", .string(text == "1" ? "kill" : "continue"))]
        case "cpu.weight": number("CPUWeight", text)
        case "cpu.shares": number("CPUShares", text)
        case "io.weight": number("IOWeight", defaultWeight(text))
        case "blkio.weight": number("BlockIOWeight", text)
        case "pids.max": number("TasksMax", text)
        case "cpuset.cpus": set("AllowedCPUs", text)
        case "cpuset.mems": set("AllowedMemoryNodes", text)
        default: []
        }
    }

    /// The properties that systemd hasn't always had, and its first version with each.
    private static let firstVersions: [(name: ByteString, version: Int)] = [
        ("CPUQuotaPeriodUSec", 242), ("AllowedCPUs", 244), ("AllowedMemoryNodes", 244), ("OOMPolicy", 253),
        ("MemoryZSwapMax", 253),
    ]

    /// The properties without those that this version of systemd doesn't know, and therefore doesn't write to the files either.
    static func accepted(_ properties: [UnitProperty], by manager: SystemdManager, until deadline: Deadline)
        throws(BusError) -> [UnitProperty]
    {
        let later = firstVersions.filter { entry in properties.contains { $0.name == entry.name } }
        guard !later.isEmpty else { return properties }
        let version = try manager.version(until: deadline)
        return properties.filter { property in !later.contains { $0.name == property.name && $0.version > version } }
    }

    /// A property of type t, in which the highest number means "no limit". Empty if the text isn't a number, as for a device's
    /// own weight. Empty for 0 as well: systemd accepts no such limit on memory or tasks, and 0 is the default of the others.
    private static func number(_ name: ByteString, _ text: ByteString) -> [UnitProperty] {
        if text == "max" || text == "-1" { return [UnitProperty(name, .uint64(.max))] }
        guard let number = number(text), number > 0 || name == "MemorySwapMax" || name == "MemoryZSwapMax" else { return [] }
        return [UnitProperty(name, .uint64(number))]
    }

    /// The number of bytes in a text with or without the suffixes that the kernel takes in `unified`: K, M, G, T, P, E.
    private static func number(_ text: ByteString) -> UInt64? {
        let suffixes: ByteString = "kmgtpe"
        guard let last = text.bytes.last, let power = suffixes.bytes.firstIndex(of: last | 0x20), last.isLetter else {
            return text.decimal()
        }
        guard let number: UInt64 = ByteString(text.bytes.dropLast()).decimal() else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: 1 << (10 * UInt64(power + 1)))
        return overflows ? .max : bytes
    }

    /// For systemd, the weight 0 means what cpu.idle means for the kernel. Both in one property: the later one counts.
    private static func idleness(_ values: [Value]) -> [UnitProperty] {
        values.contains { $0.file == "cpu.idle" && $0.text == "1" } ? [UnitProperty("CPUWeight", .uint64(0))] : []
    }

    /// The weight for all disks: the file begins with its line, and may have lines for single disks after it.
    private static func defaultWeight(_ text: ByteString) -> ByteString {
        text.hasPrefix("default ") ? text.words[1] : text
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
    private static func quota(_ values: [Value]) -> [UnitProperty] {
        var quota: ByteString?
        var period: ByteString?
        for (file, text) in values {
            switch file {
            case "cpu.max":
                quota = text.words.first
                if text.words.count > 1 { period = text.words[1] }
            case "cpu.cfs_quota_us": quota = text
            case "cpu.cfs_period_us": period = text
            default: break
            }
        }
        guard quota != nil || period != nil else { return [] }
        // The kernel's period, if none is given, is systemd's too.
        let length: UInt64 = period?.decimal() ?? 100_000
        var perSecond = UInt64.max
        if let microseconds: UInt64 = quota?.decimal(), length > 0 {
            // systemd keeps whole percents and rounds down, so this is rounded up.
            let exact = microseconds.multipliedReportingOverflow(by: 1_000_000)
            perSecond = exact.overflow ? .max : (exact.partialValue / length + 9_999) / 10_000 * 10_000
        }
        return [UnitProperty("CPUQuotaPeriodUSec", .uint64(length)), UnitProperty("CPUQuotaPerSecUSec", .uint64(perSecond))]
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
