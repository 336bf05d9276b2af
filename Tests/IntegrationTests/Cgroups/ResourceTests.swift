import CHarness
import Testing

/// Limits, read back from the kernel while the container waits.
@Suite("resources", .needsRoot, .sandboxed)
struct ResourceTests {
    /// The file of a created container's cgroup, by its names on v1 and v2.
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
        // The older conversion to weights is linear, the newer one keeps 1024 at the kernel's default of 100.
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

    // The runtime's own needs count against the container's limit.
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

    // What Docker writes for limits that weren't asked for.
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

    // Names that would lead to other files of the cgroup file system.
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
