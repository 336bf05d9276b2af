import Bytes
import CLinux
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

/// Limits on a host that has cgroup v2 only.
@Suite(.enabled(if: LiveHost.isUnified, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveUnifiedLimitTests {
    private func live(_ path: CgroupPath) throws -> LiveCgroup { try LiveCgroup(LiveHost.detected(), path) }

    private func apply(_ json: String, to live: LiveCgroup, devices: Bool = false) throws {
        try live.cgroup.apply(ResourcePlan(Resources(json), locations: live.cgroup.controllers(), devices: devices))
    }

    @Test func handsEveryControllerDownToTheContainer() throws {
        let live = try live(LiveHost.path("a/b/ct"))
        let root = try live.read("cgroup.controllers", in: "/sys/fs/cgroup")
        #expect(try live.read("cgroup.controllers", in: live.cgroup.record.directories[0]) == root)
        #expect(root.words.contains("memory"))
    }

    @Test func writesLimitsThatTheKernelKeeps() throws {
        let live = try live(LiveHost.path())
        let json = #"""
            {"memory":{"limit":67108864,"swap":134217728,"reservation":33554432},"pids":{"limit":20},
             "cpu":{"shares":512,"quota":50000,"period":100000,"burst":20000,"cpus":"0","mems":"0"},
             "blockIO":{"throttleReadBpsDevice":[{"major":254,"minor":0,"rate":1048576}]},
             "hugepageLimits":[{"pageSize":"2MB","limit":4194304}],
             "unified":{"memory.high":"50331648","cgroup.max.depth":"3"}}
            """#
        try apply(json, to: live, devices: true)
        for (file, value) in [
            ("memory.max", "67108864"), ("memory.swap.max", "67108864"), ("memory.low", "33554432"), ("memory.high", "50331648"),
            ("pids.max", "20"), ("cpu.weight", "59"), ("cpu.max", "50000 100000"), ("cpu.max.burst", "20000"),
            ("cpuset.cpus", "0"),
            ("cpuset.mems", "0"), ("hugetlb.2MB.max", "4194304"), ("hugetlb.2MB.rsvd.max", "4194304"), ("cgroup.max.depth", "3"),
        ] as [(ByteString, ByteString)] {
            #expect(try live.read(file, in: live.cgroup.record.directories[0]) == value, "\(file.displayText)")
        }
        let io = try live.read("io.max", in: live.cgroup.record.directories[0]).displayText
        #expect(io.contains("254:0 rbps=1048576"))
    }

    @Test func changesOneThingAtATime() throws {
        let live = try live(LiveHost.path())
        let place = live.cgroup.record.directories[0]
        try apply(#"{"cpu":{"quota":50000,"period":200000}}"#, to: live)
        try apply(#"{"cpu":{"period":100000}}"#, to: live)
        #expect(try live.read("cpu.max", in: place) == "50000 100000")
        try apply(#"{"cpu":{"quota":70000}}"#, to: live)
        #expect(try live.read("cpu.max", in: place) == "70000 100000")
        try apply(#"{"cpu":{"quota":-1}}"#, to: live)
        #expect(try live.read("cpu.max", in: place) == "max 100000")
        try apply(#"{"memory":{"limit":67108864}}"#, to: live)
        try apply(#"{"memory":{"swap":100663296}}"#, to: live)
        #expect(try live.read("memory.swap.max", in: place) == "33554432")
        for (quota, burst) in [(50_000, 40_000), (10_000, 5_000), (90_000, 80_000)] {
            try apply(#"{"cpu":{"quota":\#(quota),"burst":\#(burst)}}"#, to: live)
            #expect(try live.read("cpu.max.burst", in: place) == ByteString(decimal: burst))
        }
    }

    @Test func saysWhyAControllerCanNotBeHandedDown() throws {
        let parent = try live(LiveHost.path("full"))
        _ = try parent.spawn()
        let path = try CgroupPath("/" + parent.cgroup.path.relative + "/ct", id: "x")
        let live = try live(path)
        let plan = try ResourcePlan(
            Resources(#"{"memory":{"limit":67108864}}"#), locations: LiveHost.detected().controllers(), devices: false)
        let error = try #require(throws: RuntimeError.self) { try live.cgroup.apply(plan) }
        #expect(error.sentence == "the parent cgroups don't hand the memory controller down")
        #expect(error.errno == .EBUSY)
        #expect(
            error.hint
                == "move the parent's processes to a cgroup of their own: one that has processes can't hand controllers down")
        #expect(error.pointer == "/linux/resources/memory/limit")
    }

    @Test func refusesACgroupThatCanNotHaveProcesses() throws {
        let parent = try live(LiveHost.path("threads"))
        let first = try live(CgroupPath("/" + parent.cgroup.path.relative + "/first", id: "x"))
        // A parent that passes on memory or io takes no threaded children.
        let place = parent.cgroup.record.directories[0]
        for name in try parent.read("cgroup.subtree_control", in: place).words {
            try parent.put("-" + name, "cgroup.subtree_control", in: place)
        }
        try parent.put("threaded", "cgroup.type", in: first.cgroup.record.directories[0])
        let path = try CgroupPath("/" + parent.cgroup.path.relative + "/ct", id: "x")
        let second = try Cgroup(host: LiveHost.detected(), path: path)
        let error = try #require(throws: RuntimeError.self) { try second.create() }
        #expect(error.sentence == "the cgroup can't have processes, since a parent of it is threaded")
        #expect(try !second.exists())
    }

    @Test func clonesIntoTheCgroupUnlessItsControllersAreHandedOn() throws {
        let live = try live(LiveHost.path())
        try live.makeSub("inner")
        try live.put("+memory", "cgroup.subtree_control", in: live.cgroup.record.directories[0])
        guard let directory = try live.cgroup.directoryForClone() else {
            Issue.record("there is no directory")
            return
        }
        var pidfd: Int32 = -1
        let child = c_clone3(c_clone_into_cgroup | c_clone_pidfd, &pidfd, directory.rawValue, nil)
        if child == 0 { _exit(0) }
        #expect(child == -1)
        #expect(c_errno() == EBUSY)
    }

    @Test func letsNoProcessBeMadeUnderALimitOfNone() throws {
        let live = try live(LiveHost.path())
        let program: ByteString = "exec 2>/dev/null; /bin/true || exit 9; exit 1"
        try apply(#"{"pids":{"limit":0}}"#, to: live)
        #expect(try live.exitStatus(of: program) == 2)
        try apply(#"{"pids":{"limit":-1}}"#, to: live)
        #expect(try live.exitStatus(of: program) == 1)
    }

    @Test func obeysTheDeviceRules() throws {
        let live = try live(LiveHost.path())
        let tries: ByteString = "exec 2>/dev/null; n=0; true </dev/full && n=$((n+1)); true </dev/kmsg && n=$((n+2)); exit $n"
        try apply("{}", to: live, devices: true)
        #expect(try live.exitStatus(of: tries) == 1)
        try apply(#"{"devices":[{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}]}"#, to: live, devices: true)
        #expect(try live.exitStatus(of: tries) == 3)
    }
}
