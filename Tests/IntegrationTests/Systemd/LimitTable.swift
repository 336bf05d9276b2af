import CHarness

/// Each property of `linux.resources` that is kept in a file of the kernel, what it's given at first and by an update, and
/// where both then have to be: in the cgroup's file and, if systemd has the cgroup, in the unit's property.
enum LimitTable {
    /// Properties that don't disturb each other share a container.
    enum Batch: String, CaseIterable, Sendable {
        case usual, unified, idle
    }

    static let rows: [Limit] = [
        // memory
        Limit(
            .usual, "memory/limit", 64 << 20, 128 << 20, v1: [.in("memory.limit_in_bytes", property: "MemoryLimit")],
            v2: [.in("memory.max", property: "MemoryMax")]),
        Limit(
            .usual, "memory/reservation", 32 << 20, 48 << 20, v1: [.in("memory.soft_limit_in_bytes")],
            v2: [.in("memory.low", property: "MemoryLow")]),
        // v1 counts memory and swap together, as the specification does.
        Limit(
            .usual, "memory/swap", 96 << 20, 192 << 20, v1: [.in("memory.memsw.limit_in_bytes")],
            v2: [.in("memory.swap.max", holds: ("33554432", "67108864"), property: "MemorySwapMax")]),
        Limit(.usual, "memory/kernelTCP", 16 << 20, 24 << 20, v1: [.in("memory.kmem.tcp.limit_in_bytes")], v2: []),
        Limit(.usual, "memory/swappiness", 10, 20, v1: [.in("memory.swappiness")], v2: []),
        Limit(
            .usual, "memory/disableOOMKiller", true, true,
            v1: [.in("memory.oom_control", .value(of: "oom_kill_disable"), holds: ("1", "1"))],
            v2: []),
        Limit(
            .usual, "memory/useHierarchy", true, true, v1: [.in("memory.use_hierarchy", holds: ("1", "1"))], v2: []),
        // It changes what an update may do, and no file.
        Limit(
            .usual, "memory/checkBeforeUpdate", true, true, v1: [.in("memory.limit_in_bytes", holds: ("67108864", "134217728"))],
            v2: [.in("memory.max", holds: ("67108864", "134217728"))]),

        // cpu
        Limit(
            .usual, "cpu/shares", 512, 1024, v1: [.in("cpu.shares", property: "CPUShares")],
            v2: [.in("cpu.weight", holds: ("59", "100"), property: "CPUWeight")]),
        Limit(
            .usual, "cpu/quota", 20000, 10000,
            v1: [.in("cpu.cfs_quota_us", property: "CPUQuotaPerSecUSec", shows: ("400ms", "250ms"))],
            v2: [.in("cpu.max", holds: ("20000 50000", "10000 40000"), property: "CPUQuotaPerSecUSec", shows: ("400ms", "250ms"))]
        ),
        Limit(
            .usual, "cpu/period", 50000, 40000,
            v1: [.in("cpu.cfs_period_us", property: "CPUQuotaPeriodUSec", shows: ("50ms", "40ms"))],
            v2: [.in("cpu.max", holds: ("20000 50000", "10000 40000"), property: "CPUQuotaPeriodUSec", shows: ("50ms", "40ms"))]),
        Limit(.usual, "cpu/burst", 5000, 2000, v1: [.in("cpu.cfs_burst_us")], v2: [.in("cpu.max.burst")]),
        // The parents have no real-time runtime to give, but each cgroup has its period.
        Limit(.usual, "cpu/realtimePeriod", 500_000, 400_000, v1: [.in("cpu.rt_period_us")], v2: []),
        Limit(
            .usual, "cpu/cpus", "0", processors, v1: [.in("cpuset.cpus", property: "AllowedCPUs")],
            v2: [.in("cpuset.cpus", property: "AllowedCPUs")]),
        Limit(
            .usual, "cpu/mems", "0", "0", v1: [.in("cpuset.mems", property: "AllowedMemoryNodes")],
            v2: [.in("cpuset.mems", property: "AllowedMemoryNodes")]),
        // A cgroup that is idle has no other weight.
        Limit(
            .idle, "cpu/idle", 1, 0, v1: [.in("cpu.idle")],
            v2: [.in("cpu.idle", property: "CPUWeight", shows: ("idle", "100"))]),

        // pids
        Limit(
            .usual, "pids/limit", 50, 60, v1: [.in("pids.max", property: "TasksMax")],
            v2: [.in("pids.max", property: "TasksMax")]),

        // blockIO
        Limit(
            .usual, "blockIO/weight", 100, 200,
            v1: [.in("blkio.weight", property: "BlockIOWeight"), .in("blkio.bfq.weight", property: "BlockIOWeight")],
            v2: [
                .in("io.bfq.weight", .value(of: "default")),
                .in("io.weight", .value(of: "default"), holds: ("910", "1920"), property: "IOWeight"),
            ]),
        Limit(
            .usual, "blockIO/weightDevice", Disk.list("weight", 300), Disk.list("weight", 400),
            v1: [
                .in("blkio.weight_device", .disk, holds: ("300", "400"), property: "BlockIODeviceWeight"),
                .in("blkio.bfq.weight_device", .disk, holds: ("300", "400"), property: "BlockIODeviceWeight"),
            ],
            v2: [
                .in("io.bfq.weight", .disk, holds: ("300", "400")),
                .in("io.weight", .disk, holds: ("2930", "3940"), property: "IODeviceWeight"),
            ]),
        Limit(
            .usual, "blockIO/throttleReadBpsDevice", Disk.list("rate", 1 << 20), Disk.list("rate", 2 << 20),
            v1: [.in("blkio.throttle.read_bps_device", .disk, holds: ("1048576", "2097152"))],
            v2: [.in("io.max", .diskKey("rbps"), holds: ("1048576", "2097152"), property: "IOReadBandwidthMax")]),
        // 0 lifts the limit.
        Limit(
            .usual, "blockIO/throttleWriteBpsDevice", Disk.list("rate", 3 << 20), Disk.list("rate", 0),
            v1: [.in("blkio.throttle.write_bps_device", .disk, holds: ("3145728", ""))],
            v2: [
                .in(
                    "io.max", .diskKey("wbps"), holds: ("3145728", "max"), property: "IOWriteBandwidthMax", shows: ("3145728", "")
                )
            ]),
        Limit(
            .usual, "blockIO/throttleReadIOPSDevice", Disk.list("rate", 100), Disk.list("rate", 200),
            v1: [.in("blkio.throttle.read_iops_device", .disk, holds: ("100", "200"))],
            v2: [.in("io.max", .diskKey("riops"), holds: ("100", "200"), property: "IOReadIOPSMax")]),
        Limit(
            .usual, "blockIO/throttleWriteIOPSDevice", Disk.list("rate", 110), Disk.list("rate", 220),
            v1: [.in("blkio.throttle.write_iops_device", .disk, holds: ("110", "220"))],
            v2: [.in("io.max", .diskKey("wiops"), holds: ("110", "220"), property: "IOWriteIOPSMax")]),

        // Those that have no property
        Limit(
            .usual, "hugepageLimits", [["pageSize": "2MB", "limit": 4_194_304]], [["pageSize": "2MB", "limit": 8_388_608]],
            v1: [.in("hugetlb.2MB.limit_in_bytes", holds: ("4194304", "8388608"))],
            v2: [.in("hugetlb.2MB.max", holds: ("4194304", "8388608"))]),
        Limit(.usual, "network/classID", 1_048_577, 1_048_578, v1: [.in("net_cls.classid")], v2: []),
        Limit(
            .usual, "network/priorities", [["name": "lo", "priority": 5]], [["name": "lo", "priority": 6]],
            v1: [.in("net_prio.ifpriomap", .value(of: "lo"), holds: ("5", "6"))], v2: []),

        // Files of cgroup v2 by their names
        Limit(.unified, "unified/memory.max", "67108864", "134217728", v2: [.in("memory.max", property: "MemoryMax")]),
        Limit(
            .unified, "unified/memory.high", "50331648", "max",
            v2: [.in("memory.high", property: "MemoryHigh", shows: ("50331648", "infinity"))]),
        Limit(.unified, "unified/memory.low", "33554432", "16777216", v2: [.in("memory.low", property: "MemoryLow")]),
        Limit(.unified, "unified/memory.min", "16777216", "8388608", v2: [.in("memory.min", property: "MemoryMin")]),
        Limit(
            .unified, "unified/memory.swap.max", "32M", "64M",
            v2: [.in("memory.swap.max", holds: ("33554432", "67108864"), property: "MemorySwapMax")]),
        // systemd takes no other value once the unit runs.
        Limit(
            .unified, "unified/memory.oom.group", "1", "1",
            v2: [.in("memory.oom.group", property: "OOMPolicy", shows: ("kill", "kill"), since: 253)]),
        Limit(.unified, "unified/cpu.weight", "200", "300", v2: [.in("cpu.weight", property: "CPUWeight")]),
        Limit(
            .unified, "unified/cpu.max", "30000 100000", "max 100000",
            v2: [.in("cpu.max", property: "CPUQuotaPerSecUSec", shows: ("300ms", "infinity"))]),
        Limit(.unified, "unified/cpuset.cpus", "0", .string(processors), v2: [.in("cpuset.cpus", property: "AllowedCPUs")]),
        Limit(.unified, "unified/pids.max", "70", "max", v2: [.in("pids.max", property: "TasksMax", shows: ("70", "infinity"))]),
        Limit(
            .unified, "unified/io.weight", "default 300", "400",
            v2: [.in("io.weight", .value(of: "default"), holds: ("300", "400"), property: "IOWeight")]),
        Limit(
            .unified, "unified/io.max", .string("\(Disk.number) rbps=1048576 wiops=90"),
            .string("\(Disk.number) rbps=max wiops=80"),
            v2: [.in("io.max", .diskKey("wiops"), holds: ("90", "80"), property: "IOWriteIOPSMax")]),
        // The same line: an update lifts one of its limits, and leaves the other.
        Limit(
            .unified, "unified/io.max", .string("\(Disk.number) rbps=1048576 wiops=90"),
            .string("\(Disk.number) rbps=max wiops=80"),
            v2: [
                .in("io.max", .diskKey("rbps"), holds: ("1048576", "max"), property: "IOReadBandwidthMax", shows: ("1048576", ""))
            ]),
    ]

    /// The first two processors, if there are two.
    private static let processors = exists("/sys/devices/system/cpu/cpu1") ? "0-1" : "0"
}

/// One property, and where it's kept.
struct Limit: Sendable {
    let batch: LimitTable.Batch
    /// The place below `linux.resources`.
    let place: String
    let created: JSON
    let updated: JSON
    /// The files that may have it. The first that this kernel has counts.
    let v1: [Kept]
    let v2: [Kept]

    init(_ batch: LimitTable.Batch, _ place: String, _ created: JSON, _ updated: JSON, v1: [Kept] = [], v2: [Kept]) {
        self.batch = batch
        self.place = place
        self.created = created
        self.updated = updated
        self.v1 = v1
        self.v2 = v2
    }

    /// The numbers of memory are clearer as shifts, and the compiler is quicker with them outside of JSON.
    init(_ batch: LimitTable.Batch, _ place: String, _ created: Int, _ updated: Int, v1: [Kept] = [], v2: [Kept]) {
        self.init(batch, place, .number(created), .number(updated), v1: v1, v2: v2)
    }

    init(_ batch: LimitTable.Batch, _ place: String, _ created: String, _ updated: String, v1: [Kept] = [], v2: [Kept]) {
        self.init(batch, place, .string(created), .string(updated), v1: v1, v2: v2)
    }
}

/// A file of the cgroup with a value, and the property of a unit that has the same.
struct Kept: Sendable {
    enum Part: Sendable {
        case whole
        /// What follows the word in its line; all if there is no such word.
        case value(of: String)
        /// What follows the disk's number in its line, and there after a key and "=".
        case disk, diskKey(String)
    }

    struct Values: Sendable {
        let created: String
        let updated: String
    }

    let file: String
    let part: Part
    /// nil if the values are written as they are given.
    let values: Values?
    let property: String?
    /// What systemd shows, if it isn't the same; without the disk's name.
    let shown: Values?
    /// The first version of systemd with the property.
    let version: Int

    /// - Parameters:
    ///   - file: The name of the file.
    ///   - part: What of the file's content is the value.
    ///   - holds: The value in the file after create and after update; nil if it's written as it is given.
    ///   - property: The name of the unit's property; nil if systemd has none.
    ///   - shows: What `systemctl show` prints; nil if it's the same as in the file.
    ///   - version: The first version of systemd with the property.
    /// - Returns: The place.
    static func `in`(
        _ file: String, _ part: Part = .whole, holds: (String, String)? = nil, property: String? = nil,
        shows: (String, String)? = nil, since version: Int = 0
    ) -> Kept {
        Kept(
            file: file, part: part, values: holds.map { Values(created: $0, updated: $1) }, property: property,
            shown: shows.map { Values(created: $0, updated: $1) }, version: version)
    }

    var controller: String { String(file.prefix { $0 != "." }) }

    var isOfDisk: Bool {
        switch part {
        case .disk, .diskKey: true
        case .whole, .value: false
        }
    }

    /// The value in the file's text; empty if it isn't there.
    func value(in text: String) -> String {
        switch part {
        case .whole: text.trimmed
        case .value(let word):
            text.lines.map(\.words).first { $0.count == 2 && $0[0] == word }?[1] ?? text.trimmed
        case .disk: Disk.line(in: text).joined(separator: " ")
        case .diskKey(let key):
            Disk.line(in: text).first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) } ?? ""
        }
    }
}

/// A whole disk of this machine: the kernel limits no partitions.
enum Disk {
    private static let name: String? = entries(of: "/sys/block").first { name in
        !["loop", "ram", "zram", "sr", "fd", "md", "dm"].contains { name.hasPrefix($0) }
    }

    /// Its number, "8:0"; "none" if there is no disk.
    static let number = name.map { read("/sys/block/\($0)/dev").trimmed } ?? "none"

    static let isThere = number != "none"
    static var path: String { "/dev/block/" + number }

    /// The list of one entry that blockIO's properties are.
    static func list(_ member: String, _ value: Int) -> JSON {
        let parts = number.split(separator: ":").compactMap { Int($0) }
        guard parts.count == 2 else { return [] }
        return [.object(["major": .number(parts[0]), "minor": .number(parts[1]), member: .number(value)])]
    }

    /// The words behind its number in a file that has a line for each disk.
    static func line(in text: String) -> [String] {
        text.lines.map(\.words).first { $0.first == number }.map { Array($0.dropFirst()) } ?? []
    }

    /// Whether the kernel shares its time by this file: the scheduler BFQ by its own, and others by io.weight (cgroup-v2.rst,
    /// "io.cost.qos").
    static func isShared(by file: String) -> Bool {
        file == "io.weight"
            ? line(in: read("/sys/fs/cgroup/io.cost.qos")).contains("enable=1")
            : read("/sys/block/\(name ?? "")/queue/scheduler").contains("[bfq]")
    }
}
