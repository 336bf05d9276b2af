import CHarness
import Testing

/// The tests read limits back from the kernel while the created container waits.
@Suite("resources", .needsRoot, .sandboxed)
struct ResourceTests {
    /// The content of a file in a created container's cgroup. The file has one name on v1 and one on v2.
    private func value(_ controller: String, _ v1: String, _ v2: String, _ resources: JSON) throws -> String {
        let bundle = try Bundle { $0.linux.resources = resources }
        let container = try bundle.create()
        let directory = try #require(Cgroup.directory(controller, bundle.cgroup))
        #expect(Cgroup.processes(bundle.cgroup).contains(container.pid))
        return read(directory + "/" + (Host.isUnified ? v2 : v1)).trimmed
    }

    @Test(.needs(controller: "memory"), arguments: [(64 << 20, "67108864"), (-1, "max")])
    func memoryLimit(limit: Int, seen: String) throws {
        let value = try value("memory", "memory.limit_in_bytes", "memory.max", ["memory": ["limit": .number(limit)]])
        #expect(value == seen || seen == "max" && value == "9223372036854771712")
    }

    /// One property, the names of the files that may show its value ("|" between them, "-" for none), and a line or the end of
    /// a line that they then have.
    private struct Property: Sendable, CustomStringConvertible {
        let resources: JSON
        let pointer: String
        let v1: String
        let v2: String
        let seen: String
        let seenOnV2: String?
        var description: String { pointer }

        init(
            _ resources: JSON, _ pointer: String, _ v1: String, _ v2: String, _ seen: String, onV2: String? = nil
        ) {
            self.resources = resources
            self.pointer = pointer
            self.v1 = v1
            self.v2 = v2
            self.seen = seen
            seenOnV2 = onV2
        }
    }

    private static func throttle(_ name: String, _ file: String, _ key: String) -> Property {
        Property(
            ["blockIO": .object([name: [["major": 7, "minor": 250, "rate": 1000]]])], "/blockIO/\(name)/0", file,
            "io.max", "7:250 1000", onV2: key + "=1000")
    }

    private static let properties: [Property] = [
        Property(["memory": ["limit": 67_108_864]], "/memory/limit", "memory.limit_in_bytes", "memory.max", "67108864"),
        Property(
            ["memory": ["reservation": 33_554_432]], "/memory/reservation", "memory.soft_limit_in_bytes", "memory.low", "33554432"
        ),
        Property(
            ["memory": ["limit": 67_108_864, "swap": 134_217_728]], "/memory/swap", "memory.memsw.limit_in_bytes",
            "memory.swap.max", "134217728", onV2: "67108864"),
        Property(["memory": ["kernel": 67_108_864]], "/memory/kernel", "memory.kmem.limit_in_bytes", "-", "67108864"),
        Property(
            ["memory": ["kernelTCP": 67_108_864]], "/memory/kernelTCP", "memory.kmem.tcp.limit_in_bytes", "-", "67108864"),
        Property(["memory": ["swappiness": 31]], "/memory/swappiness", "memory.swappiness", "-", "31"),
        Property(
            ["memory": ["disableOOMKiller": true]], "/memory/disableOOMKiller", "memory.oom_control", "-",
            "oom_kill_disable 1"),
        Property(
            ["memory": ["useHierarchy": true]], "/memory/useHierarchy", "memory.use_hierarchy", "cgroup.type", "1",
            onV2: "domain"),
        Property(["cpu": ["shares": 512]], "/cpu/shares", "cpu.shares", "cpu.weight", "512", onV2: "59"),
        Property(["cpu": ["quota": 25_000]], "/cpu/quota", "cpu.cfs_quota_us", "cpu.max", "25000"),
        Property(["cpu": ["period": 50_000]], "/cpu/period", "cpu.cfs_period_us", "cpu.max", "50000"),
        Property(["cpu": ["quota": 25_000, "burst": 5000]], "/cpu/burst", "cpu.cfs_burst_us", "cpu.max.burst", "5000"),
        Property(["cpu": ["realtimeRuntime": 7]], "/cpu/realtimeRuntime", "cpu.rt_runtime_us", "-", "7"),
        Property(["cpu": ["realtimePeriod": 900_000]], "/cpu/realtimePeriod", "cpu.rt_period_us", "-", "900000"),
        Property(["cpu": ["cpus": "0"]], "/cpu/cpus", "cpuset.cpus", "cpuset.cpus", "0"),
        Property(["cpu": ["mems": "0"]], "/cpu/mems", "cpuset.mems", "cpuset.mems", "0"),
        Property(["cpu": ["idle": 1]], "/cpu/idle", "cpu.idle", "cpu.idle", "1"),
        Property(["pids": ["limit": 43]], "/pids/limit", "pids.max", "pids.max", "43"),
        Property(
            ["blockIO": ["weight": 300]], "/blockIO/weight", "blkio.weight|blkio.bfq.weight", "io.weight|io.bfq.weight", "300",
            onV2: "default 2930"),
        Property(["blockIO": ["leafWeight": 300]], "/blockIO/leafWeight", "blkio.leaf_weight", "-", "300"),
        Property(
            ["blockIO": ["weightDevice": [["major": 7, "minor": 250, "weight": 300]]]], "/blockIO/weightDevice/0",
            "blkio.weight_device|blkio.bfq.weight_device", "io.weight|io.bfq.weight", "7:250 300"),
        throttle("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
        throttle("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
        throttle("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
        throttle("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
        Property(
            ["hugepageLimits": [["pageSize": "2MB", "limit": 4_194_304]]], "/hugepageLimits",
            "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max", "4194304"),
        // Reserved pages count apart from used pages.
        Property(
            ["hugepageLimits": [["pageSize": "2MB", "limit": 4_194_304]]], "/hugepageLimits",
            "hugetlb.2MB.rsvd.limit_in_bytes", "hugetlb.2MB.rsvd.max", "4194304"),
        Property(["network": ["classID": 1_048_577]], "/network/classID", "net_cls.classid", "-", "1048577"),
        Property(
            ["network": ["priorities": [["name": "lo", "priority": 3]]]], "/network/priorities", "net_prio.ifpriomap",
            "-", "lo 3"),
        Property(["rdma": ["rxe9": ["hcaHandles": 3]]], "/rdma", "rdma.max", "rdma.max", "rxe9 hca_handle=3"),
        Property(["unified": ["pids.max": "43"]], "/unified/pids.max", "-", "pids.max", "43"),
        Property(["memory": ["limitt": 5]], "/memory/limitt", "-", "-", "5"),
        Property(["novel": ["limit": 5]], "/novel", "-", "-", "5"),
    ]

    // `EveryPropertyTests.areAllInTheList` has the list of all properties that the types know.
    @Test(arguments: properties, [true, false]) private func noneIsPassedOverInSilence(property: Property, byUpdate: Bool) throws
    {
        let bundle = try Bundle { if !byUpdate { $0.linux.resources = property.resources } }
        // Warnings go to a log: stderr has the container's output too.
        let log = bundle.path + "/log"
        var finished = try bundle.command("create", global: ["--log", log]).run()
        if byUpdate {
            #expect(finished.succeeded)
            try write(property.resources.description, to: bundle.path + "/resources.json")
            finished = try bundle.sandbox.runtime("update", "--resources", bundle.path + "/resources.json", bundle.id)
        }
        let pointer = (byUpdate ? "" : "/linux/resources") + property.pointer
        guard finished.succeeded else {
            #expect(finished.message.says(pointer))
            return
        }
        let files = (property.v1 + "|" + property.v2).split(separator: "|").map(String.init)
        var lines: [String] = []
        for directory in Cgroup.directories(bundle.cgroup) {
            for file in files { lines += read(directory + "/" + file).lines }
        }
        let values = property.seenOnV2.map { [property.seen, $0] } ?? [property.seen]
        let seen = values.contains { value in
            lines.contains { $0 == value || $0.hasPrefix(value + " ") || $0.contains(" " + value) }
        }
        if !seen { #expect((finished.message + read(log)).says(pointer)) }
    }

    @Test(.needs(controller: "memory"), .needsLegacyCgroups) func limitOnTheKernelsMemoryThatHasNoEffectIsAWarning() throws {
        let bundle = try Bundle { $0.linux.resources = ["memory": ["kernel": 67_108_864]] }
        let log = bundle.path + "/log"
        let created = try bundle.command("create", global: ["--log", log]).run()
        #expect(created.succeeded, "\(created)")
        let limit = read(try #require(Cgroup.directory("memory", bundle.cgroup)) + "/memory.kmem.limit_in_bytes").trimmed
        guard limit != "67108864" else { return }
        #expect(
            read(log).says(
                "/linux/resources/memory/kernel: no effect, since this kernel has no limit on its own memory; memory.limit counts it with the rest"
            ))
    }

    @Test(.needs(controller: "memory")) func memoryReservation() throws {
        #expect(
            try value("memory", "memory.soft_limit_in_bytes", "memory.low", ["memory": ["reservation": 33_554_432]]) == "33554432"
        )
    }

    @Test(.needs(controller: "memory"), .enabled(if: Cgroup.accountsForSwap, "the kernel doesn't account for swap"))
    func swapLimitIsMemoryAndSwapTogether() throws {
        let value = try value(
            "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", ["memory": ["limit": 33_554_432, "swap": 67_108_864]])
        #expect(value == (Host.isUnified ? "33554432" : "67108864"))
    }

    @Test(.needs(controller: "memory"), .needsLegacyCgroups) func swappiness() throws {
        #expect(try value("memory", "memory.swappiness", "-", ["memory": ["swappiness": 30]]) == "30")
    }

    @Test(.needs(controller: "memory"), .needsLegacyCgroups) func oomKillerMayBeOff() throws {
        #expect(
            try value("memory", "memory.oom_control", "-", ["memory": ["disableOOMKiller": true]]).contains("oom_kill_disable 1"))
    }

    @Test(.needs(controller: "cpu"), arguments: [(2, "1"), (1024, "100"), (2048, "174"), (262_144, "10000")])
    func cpuShares(shares: Int, weight: String) throws {
        let value = try value("cpu", "cpu.shares", "cpu.weight", ["cpu": ["shares": .number(shares)]])
        // The older conversion from shares to weights is linear. The newer one converts 1024 to the kernel's default of 100.
        #expect(value == (Host.isUnified ? weight : "\(shares)"))
    }

    @Test(.needs(controller: "cpu")) func cpuQuotaAndPeriod() throws {
        let resources: JSON = ["cpu": ["quota": 25000, "period": 50000]]
        #expect(try value("cpu", "cpu.cfs_quota_us", "cpu.max", resources) == (Host.isUnified ? "25000 50000" : "25000"))
        #expect(try value("cpu", "cpu.cfs_period_us", "cpu.max", resources) == (Host.isUnified ? "25000 50000" : "50000"))
    }

    @Test(.needs(controller: "cpu")) func cpuQuotaMayBeUnlimited() throws {
        let seen = try value("cpu", "cpu.cfs_quota_us", "cpu.max", ["cpu": ["quota": -1, "period": 50000]])
        #expect(seen == (Host.isUnified ? "max 50000" : "-1"))
    }

    @Test(.needs(controller: "cpu"), .needsKernel(5, 14)) func cpuBurst() throws {
        let resources: JSON = ["cpu": ["quota": 50000, "period": 50000, "burst": 10000]]
        #expect(try value("cpu", "cpu.cfs_burst_us", "cpu.max.burst", resources) == "10000")
    }

    @Test(.needs(controller: "cpuset")) func cpusAndMemoryNodes() throws {
        #expect(try value("cpuset", "cpuset.cpus", "cpuset.cpus", ["cpu": ["cpus": "0"]]) == "0")
        #expect(try value("cpuset", "cpuset.mems", "cpuset.mems", ["cpu": ["mems": "0"]]) == "0")
    }

    @Test(.needs(controller: "pids"), arguments: [(100, "100"), (-1, "max"), (0, "0")]) func processLimit(
        limit: Int, seen: String
    ) throws {
        #expect(try value("pids", "pids.max", "pids.max", ["pids": ["limit": .number(limit)]]) == seen)
    }

    private static let disk =
        entries(of: "/sys/block").lazy.map { read("/sys/block/\($0)/dev").trimmed }.first { !$0.isEmpty } ?? ""

    @Test(
        .enabled(if: !disk.isEmpty, "no block device"), .needs(controller: Host.isUnified ? "io" : "blkio"),
        arguments: [
            ("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
            ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
            ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
            ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
        ])
    func blockThrottle(property: String, v1: String, v2: String) throws {
        let numbers = Self.disk.split(separator: ":").compactMap { Int($0) }
        let throttle: JSON = ["major": .number(numbers[0]), "minor": .number(numbers[1]), "rate": 1_048_576]
        let seen = try value(Host.isUnified ? "io" : "blkio", v1, "io.max", ["blockIO": .object([property: [throttle]])])
        #expect(seen.hasPrefix(Self.disk + " "))
        #expect(Host.isUnified ? seen.contains("\(v2)=1048576") : seen == "\(Self.disk) 1048576")
    }

    @Test(.needs(controller: "memory")) func whatExceedsTheMemoryLimitIsKilled() throws {
        let finished = try Bundle {
            $0.linux.resources = ["memory": ["limit": 33_554_432, "swap": 33_554_432]]
            $0.runs(arguments: ["probe", "allocate", "100"])
        }.run()
        #expect(finished.ending == .exited(137), "\(finished)")
    }

    // The runtime's own memory counts against the container's limit.
    @Test(.needs(controller: "memory")) func oneMebibyteIsEnough() throws {
        let finished = try Bundle {
            $0.linux.resources = ["memory": ["limit": 1_048_576]]
            $0.runs(arguments: ["true"])
        }.run()
        #expect(finished.succeeded, "\(finished)")
    }

    @Test(.needs(controller: "pids")) func moreProcessesThanAllowedCannotStart() throws {
        let finished = try Bundle {
            $0.linux.resources = ["pids": ["limit": 3]]
            $0.runs("sleep 5 & sleep 5 & sleep 5 & echo started")
        }.run()
        #expect(finished.errors.says("can't fork"), "\(finished)")
        #expect(!finished.output.contains("started"))
    }

    // Docker writes these values for limits that the user hasn't set.
    @Test func zerosAndNullsOfEnginesAreNoLimits() throws {
        #expect(
            try output(ofScript: "echo ran") {
                $0.linux.resources = [
                    "cpu": ["shares": 0, "cpus": "", "mems": ""], "blockIO": ["weight": 0], "memory": ["disableOOMKiller": false],
                    "pids": .raw("null"), "hugepageLimits": .raw("null"),
                ]
            } == "ran\n")
    }

    @Test(
        arguments: [
            ("/linux/resources/memory/limit", ["memory": ["limit": "1m"]]),
            ("/linux/resources/memory/swappiness", ["memory": ["swappiness": 101]]),
            ("/linux/resources/memory/limit", ["memory": ["limit": .raw("1.5")]]),
            ("/linux/resources/memory", ["memory": ["limit": 67_108_864, "swap": 1_048_576]]),
            ("/linux/resources/cpu/cpus", ["cpu": ["cpus": "0-"]]), ("/linux/resources/cpu/cpus", ["cpu": ["cpus": "zero"]]),
            ("/linux/resources/cpu/shares", ["cpu": ["shares": -1]]),
            ("/linux/resources/pids/limit", ["pids": ["limit": "many"]]),
            (
                "/linux/resources/blockIO/throttleReadBpsDevice/0",
                ["blockIO": ["throttleReadBpsDevice": [["major": 8, "minor": 0]]]]
            ),
        ] as [(String, JSON)])
    func wrongValueIsRefused(pointer: String, resources: JSON) throws {
        let message = try refusal { $0.linux.resources = resources }
        #expect(message.points(to: pointer), "\(message)")
    }

    // Names that would lead to other files of the cgroup file system, or that aren't names of files.
    @Test(
        arguments: [
            ["unified": ["../memory.max": "1"]], ["unified": ["cgroup.procs": "1"]], ["unified": ["memory.max\n": "1"]],
            ["unified": ["cgroup.subtree_control": "-memory"]], ["unified": ["memory.max": "1\n2"]], ["unified": ["": "1"]],
            ["hugepageLimits": [["pageSize": "../../x", "limit": 1]]], ["hugepageLimits": [["pageSize": "3MB", "limit": 1]]],
        ] as [JSON])
    func namesThatAreNoFilesAreRefused(resources: JSON) throws {
        let message = try refusal { $0.linux.resources = resources }
        #expect(message.points(to: "/linux/resources/"), "\(message)")
    }
}
