import Bytes
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

/// Runs steps in directories that stand for hierarchies.
@Suite struct ApplyTests {
    let tree: TemporaryTree

    init() throws {
        tree = try TemporaryTree()
        try tree.makeDirectory("ct")
    }

    private func apply(_ json: String, _ version: Hierarchy.Version, _ subsystems: ByteString = "") throws {
        let cgroup = try Cgroup(
            host: .made(of: [tree.hierarchy(version, subsystems)]), path: CgroupPath("/ct", id: "x"))
        let plan = try ResourcePlan(
            Resources(json), locations: version == .v1 ? .legacy : .unified, devices: json.contains("devices"))
        try cgroup.apply(plan)
    }

    @Test func writesEachValueToItsFile() throws {
        for file: ByteString in ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] { try tree.put("ct/" + file) }
        try apply(#"{"memory":{"limit":1024,"swap":2048}}"#, .v1, "memory")
        #expect(try tree.text("ct/memory.limit_in_bytes") == "1024")
        #expect(try tree.text("ct/memory.memsw.limit_in_bytes") == "2048")
    }

    @Test func takesTheFirstFileThatThereIs() throws {
        try tree.put("ct/blkio.bfq.weight")
        try apply(#"{"blockIO":{"weight":300}}"#, .v1, "blkio")
        #expect(try tree.text("ct/blkio.bfq.weight") == "300")
        try tree.put("ct/blkio.weight")
        try apply(#"{"blockIO":{"weight":400}}"#, .v1, "blkio")
        #expect(try tree.text("ct/blkio.weight") == "400")
        #expect(try tree.text("ct/blkio.bfq.weight") == "300")
    }

    // Limits the use of huge pages and, if the kernel has a file for that, reservations too: reservations alone can take all
    // pages.
    @Test(arguments: [Hierarchy.Version.v1, .v2]) func limitsReservationsOfHugePagesToo(version: Hierarchy.Version) throws {
        let (usage, reservation): (ByteString, ByteString) =
            version == .v1 ? ("limit_in_bytes", "rsvd.limit_in_bytes") : ("max", "rsvd.max")
        try tree.put("ct/hugetlb.2MB." + usage)
        try tree.put("ct/hugetlb.1GB." + usage)
        try tree.put("ct/hugetlb.2MB." + reservation)
        let json = #"{"hugepageLimits":[{"pageSize":"2MB","limit":4194304},{"pageSize":"1GB","limit":0}]}"#
        try apply(json, version, version == .v1 ? "hugetlb" : "")
        #expect(try tree.text("ct/hugetlb.2MB." + usage) == "4194304")
        #expect(try tree.text("ct/hugetlb.2MB." + reservation) == "4194304")
        #expect(try tree.text("ct/hugetlb.1GB." + usage) == "0")
    }

    @Test func namesTheFileThatTheKernelHasNot() throws {
        let error = try #require(throws: RuntimeError.self) { try apply(#"{"blockIO":{"weight":300}}"#, .v1, "blkio") }
        #expect(error.code == .unsupported)
        #expect(error.sentence == "this kernel has no blkio.bfq.weight")
        #expect(error.pointer == "/linux/resources/blockIO/weight")
        #expect(error.path == tree.path + "/ct")
    }

    @Test func doesWithoutAFileWhoseValueIsTheKernelsOwn() throws {
        try tree.put("ct/memory.max")
        try tree.put("ct/memory.limit_in_bytes")
        try apply(#"{"memory":{"limit":-1}}"#, .v1, "memory")
        #expect(try tree.text("ct/memory.limit_in_bytes") == "-1")
        try apply(#"{"memory":{"limit":100,"swap":100}}"#, .v2)
        #expect(try tree.text("ct/memory.max") == "100")
        let error = try #require(throws: RuntimeError.self) { try apply(#"{"memory":{"limit":100,"swap":200}}"#, .v2) }
        #expect(error.pointer == "/linux/resources/memory/swap")
    }

    @Test func saysWhichControllerIsNotHandedDown() throws {
        try tree.put("ct/cgroup.controllers", "cpu pids\n")
        let error = try #require(throws: RuntimeError.self) { try apply(#"{"memory":{"limit":100}}"#, .v2) }
        #expect(error.sentence == "the parent cgroups don't hand the memory controller down")
        #expect(error.pointer == "/linux/resources/memory/limit")
    }

    // The kernel rounds to pages. Newer kernels accept the value and keep none, or don't have the file.
    @Test(
        arguments: [("1000000\n", false), ("999424\n", false), ("9223372036854771712\n", true), (nil, true)]
            as [(ByteString?, Bool)])
    func saysWhereTheKernelHasNoLimitOnItsOwnMemory(kept: ByteString?, isSaid: Bool) throws {
        let cgroup = try Cgroup(host: .made(of: [tree.hierarchy(.v1, "memory")]), path: CgroupPath("/ct", id: "x"))
        let plan = try ResourcePlan(
            Resources(#"{"memory":{"kernel":1000000}}"#), locations: .legacy, devices: false)
        // What is written begins the file, and longer text stays behind it: this stands for what the kernel keeps.
        if let kept { try tree.put("ct/memory.kmem.limit_in_bytes", kept) }
        if kept == nil || kept == "1000000\n" {
            try cgroup.apply(plan)
        } else {
            let runner = StepRunner(cgroup: cgroup, context: plan.context, journal: nil)
            try runner.noteKernelMemory(
                CgroupWrite(.memory, "memory.kmem.limit_in_bytes", 1_000_000, PropertyName("memory/kernel")))
        }
        #expect(
            cgroup.warnings
                == (isSaid
                    ? [
                        "/linux/resources/memory/kernel: no effect, since this kernel has no limit on its own memory; memory.limit counts it with the rest"
                    ] : []))
    }

    @Test func keepsTheQuotaWhenOnlyThePeriodChanges() throws {
        try tree.put("ct/cpu.max", "50000 100000\n")
        try apply(#"{"cpu":{"period":20000}}"#, .v2)
        #expect(try tree.text("ct/cpu.max").hasPrefix("50000 20000"))
    }

    @Test(arguments: [("1000\n", 1000), ("400\n", 1600)])
    func countsSwapFromTheLimitThatIsSet(limit: ByteString, expected: Int) throws {
        try tree.put("ct/memory.max", limit)
        try tree.put("ct/memory.swap.max")
        try apply(#"{"memory":{"swap":2000}}"#, .v2)
        #expect(try tree.text("ct/memory.swap.max") == String(expected))
    }

    @Test(arguments: ["max\n", "2001\n"] as [ByteString])
    func refusesSwapThatTheLimitLeavesNoRoomFor(limit: ByteString) throws {
        try tree.put("ct/memory.max", limit)
        try tree.put("ct/memory.swap.max")
        #expect(throws: RuntimeError.self) { try apply(#"{"memory":{"swap":2000}}"#, .v2) }
        #expect(try tree.text("ct/memory.swap.max") == "")
    }

    @Test(arguments: [("100", "50", true), ("100", "101", false), ("300", "101", true)])
    func refusesALimitBelowTheUsageWhereAskedTo(limit: String, usage: String, accepted: Bool) throws {
        try tree.put("ct/memory.current", ByteString(usage))
        try tree.put("ct/memory.max")
        let json = #"{"memory":{"limit":\#(limit),"checkBeforeUpdate":true}}"#
        if accepted {
            try apply(json, .v2)
            #expect(try tree.text("ct/memory.max") == limit)
        } else {
            let error = try #require(throws: RuntimeError.self) { try apply(json, .v2) }
            #expect(error.sentence == "the container uses 101 bytes, more than the new limit of 100")
            #expect(try tree.text("ct/memory.max") == "")
        }
    }

    /// The order shows because memory.max is a directory, so that writing it fails: memory.swap.max has been written before, or
    /// hasn't.
    @Test(arguments: [("50", false), ("max", true)])
    func letsSwapGrowFirstAndShrinkLast(present: String, memoryFirst: Bool) throws {
        try tree.put("ct/memory.swap.max", ByteString(present))
        try tree.makeDirectory("ct/memory.max")
        #expect(throws: RuntimeError.self) { try apply(#"{"memory":{"limit":100,"swap":200}}"#, .v2) }
        #expect(try tree.text("ct/memory.swap.max") == (memoryFirst ? present : "100"))
    }

    @Test func setsAFailedUpdateBack() throws {
        try tree.put("ct/cpu.weight", "100\n")
        try tree.put("ct/cpu.max", "max 100000\n")
        try tree.put("ct/cpuset.cpus", "")
        try tree.put("ct/io.max", "8:0 rbps=5 wbps=max riops=max wiops=max\n")
        try tree.put("ct/cgroup.controllers", "cpu io")
        let cgroup = try Cgroup(host: .made(of: [tree.hierarchy(.v2)]), path: CgroupPath("/ct", id: "x"))
        let json = #"""
            {"cpu":{"shares":512,"quota":50000,"period":100000,"cpus":"0"},"pids":{"limit":5},
             "blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":99},{"major":8,"minor":1,"rate":99}]}}
            """#
        let plan = try ResourcePlan(Resources(json), locations: .unified, devices: false)
        // There is no pids.max, so the last step fails.
        #expect(throws: RuntimeError.self) { try cgroup.update(plan) }
        #expect(try tree.text("ct/cpu.weight").hasPrefix("100"))
        #expect(try tree.text("ct/cpu.max").hasPrefix("max 100000"))
        #expect(try tree.text("ct/cpuset.cpus") == "\n")
        #expect(try tree.text("ct/io.max").hasPrefix("8:0 rbps=5 wbps=max"))
    }

    @Test(
        arguments: [
            ("8:0 5\n8:1 6", "8:1 9", "blkio.throttle.read_bps_device", "8:1 6"),
            ("", "8:1 9", "blkio.throttle.read_bps_device", "8:1 0"),
            ("", "8:1 rbps=9", "io.max", "8:1 rbps=max wbps=max riops=max wiops=max"),
            ("default 100", "8:1 9", "io.weight", "8:1 default"),
            ("", "mlx hca_handle=3", "rdma.max", "mlx hca_handle=max hca_object=max"),
            ("max 1000", "5 10", "cpu.max", "max 1000"),
            ("100", "200", "memory.max", "100"), ("", "0-1", "cpuset.cpus", "\n"),
        ] as [(ByteString, ByteString, ByteString, ByteString)])
    func knowsWhatSetsAFileBack(before: ByteString, written: ByteString, file: ByteString, expected: ByteString) {
        #expect(UpdateJournal.earlier(before, for: written, file: file) == expected)
    }

    @Test func writesDeviceRulesInTheirOrder() throws {
        try tree.put("ct/devices.allow")
        try tree.put("ct/devices.deny")
        try apply(#"{"devices":[{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]}"#, .v1, "devices")
        #expect(try tree.text("ct/devices.deny") == "a")
        #expect(
            try tree.text("ct/devices.allow")
                == "c 10:229 rwc *:* mb *:* mc 1:3 rwmc 1:5 rwmc 1:7 rwmc 1:8 rwmc 1:9 rwmc 5:0 rwmc 5:2 rwmc 10:200 rwmc 136:* rwm"
        )
    }
}
