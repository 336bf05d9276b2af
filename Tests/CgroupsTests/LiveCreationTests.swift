import Bytes
import CLinux
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

@Suite(.enabled(if: LiveHost.hasV1, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveCreationTests {
    @Test func makesADirectoryInEachHierarchyAndRemovesItsParentsToo() throws {
        let host = try LiveHost.detected()
        let path = try LiveHost.path("a/ct")
        let cgroup = try Cgroup(host: host, path: path)
        let journal = cgroup.record
        #expect(journal.groups.allSatisfy { $0.existing == 0 })
        #expect(try !cgroup.exists())
        try cgroup.create()
        #expect(cgroup.record == journal)
        #expect(try cgroup.exists())
        #expect(journal.directories.count == host.hierarchies.count)
        #expect(journal.directories.allSatisfy { isThere($0) })
        // delete has nothing but the record either.
        try Cgroup(record: journal).remove()
        #expect(try !cgroup.exists())
        for group in journal.groups { #expect(!isThere(group.mountPoint + "/" + path.components[0])) }
        // Removing it again does nothing.
        try Cgroup(record: journal).remove()
    }

    @Test func givesCpusetsTheirParentsLists() throws {
        let live = try LiveCgroup(LiveHost.only(.v1), LiveHost.path("a/b/ct"))
        for file: ByteString in ["cpuset.cpus", "cpuset.mems"] {
            let root = try live.read(file, in: "/sys/fs/cgroup/cpuset")
            #expect(!root.isEmpty)
            #expect(try live.read(file, in: live.directory("cpuset")) == root)
        }
    }

    @Test func leavesWhatWasThereBefore() throws {
        let path = try LiveHost.path()
        let parent = "/sys/fs/cgroup/pids/" + path.components[0]
        let earlier = parent + "/" + path.components[1]
        for directory in [parent, earlier] { directory.withCString { _ = mkdir($0, 0o755) } }
        defer { for directory in [earlier, parent] { directory.withCString { _ = rmdir($0) } } }
        let cgroup = try Cgroup(host: LiveHost.detected(), path: path)
        try cgroup.create()
        try cgroup.remove()
        #expect(isThere(earlier))
        #expect(!isThere("/sys/fs/cgroup/memory/" + path.components[0]))
    }

    @Test func leavesParentsThatOthersUseByNow() throws {
        let path = try LiveHost.path()
        let first = try Cgroup(host: LiveHost.detected(), path: path)
        try first.create()
        let second = try Cgroup(host: LiveHost.detected(), path: CgroupPath("/" + path.components[0] + "/other", id: "x"))
        try second.create()
        try first.remove()
        #expect(try !first.exists())
        #expect(try second.exists())
        try second.remove()
        // The first cgroup made the parent, so removing the second one must leave it. Removing the first one again removes it.
        try Cgroup(record: first.record).remove()
        for group in first.record.groups {
            let parent = group.mountPoint + "/" + path.components[0]
            #expect(isThere(parent) == false, "\(parent.displayText)")
            parent.withCString { _ = rmdir($0) }
        }
    }

    @Test(arguments: ["pids", "memory"] as [ByteString])
    func refusesACgroupWithProcessesAndLeavesNothingBehind(hierarchy: ByteString) throws {
        let owner = try LiveCgroup(
            .made(of: LiveHost.detected().hierarchies.filter { $0.subsystems == hierarchy }), LiveHost.path())
        _ = try owner.spawn()
        let cgroup = try Cgroup(host: LiveHost.detected(), path: owner.cgroup.path)
        let error = try #require(throws: RuntimeError.self) { try cgroup.create() }
        #expect(error.sentence == "the cgroup exists already and has processes in it or below it")
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(error.path == owner.directory(hierarchy))
        let others = LiveHost.others(than: hierarchy)
        #expect(others.allSatisfy { !isThere($0 + "/" + owner.cgroup.path.components[0]) })
    }

    // Ending the container would end the processes in the cgroups below too. On a host without a v2 tree beside v1, only the v1
    // hierarchies themselves show these processes.
    @Test(arguments: ["pids", "freezer", "name=systemd"] as [ByteString])
    func refusesACgroupWithProcessesBelowIt(hierarchy: ByteString) throws {
        let owner = try LiveCgroup(
            .made(of: LiveHost.detected().hierarchies.filter { $0.subsystems == hierarchy }), LiveHost.path())
        try owner.makeSub("below")
        try owner.makeSub("below/deeper")
        let pid = try owner.spawn(in: "below/deeper")
        let cgroup = try Cgroup(host: LiveHost.only(.v1), path: owner.cgroup.path)
        let error = try #require(throws: RuntimeError.self) { try cgroup.create() }
        #expect(error.sentence == "the cgroup exists already and has processes in it or below it")
        #expect(error.pointer == "/linux/cgroupsPath")
        #expect(owner.isRunning(pid))
        #expect(LiveHost.others(than: hierarchy).allSatisfy { !isThere($0 + "/" + owner.cgroup.path.components[0]) })
    }

    /// The kernel makes a directory whose path is nearly PATH_MAX long, but then paths to its files are too long, and nobody
    /// can remove it.
    @Test func refusesAPathThatLeavesNoRoomForFiles() throws {
        let host = try LiveHost.detected()
        for length in [4040, 4076, 4095] {
            let path = try CgroupPath(ByteString([UInt8](repeating: UInt8(ascii: "A"), count: length)), id: "x")
            let error = try #require(throws: RuntimeError.self) { try host.refuseTooLong(path) }
            #expect(error.pointer == "/linux/cgroupsPath")
            #expect(error.sentence.contains(" leave room for the files in it"), "\(error.sentence)")
        }
        // The longest path that is accepted can be made, used and removed.
        let longest = host.hierarchies.map { $0.mountPoint.count }.max() ?? 0
        let text = ByteString([UInt8](repeating: UInt8(ascii: "A"), count: Int(PATH_MAX) - 64 - longest - 1))
        let cgroup = try Cgroup(host: host, path: CgroupPath(text, id: "x"))
        try cgroup.create()
        _ = try cgroup.openTasks()
        _ = try cgroup.statistics()
        try cgroup.remove()
        #expect(try !cgroup.exists())
    }

    @Test func refusesAFrozenCgroup() throws {
        let owner = try LiveCgroup(
            .made(of: LiveHost.detected().hierarchies.filter { $0.subsystems == "freezer" }), LiveHost.path())
        try owner.cgroup.freeze()
        let cgroup = try Cgroup(host: LiveHost.detected(), path: owner.cgroup.path)
        let error = try #require(throws: RuntimeError.self) { try cgroup.create() }
        #expect(error.sentence == "the cgroup exists already and is frozen")
        #expect(LiveHost.others(than: "freezer").allSatisfy { !isThere($0 + "/" + owner.cgroup.path.components[0]) })
    }

    @Test func survivesParentsThatVanishMeanwhile() async throws {
        let path = try LiveHost.path()
        let failures = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var failed = 0
                    for _ in 0..<50 {
                        do {
                            let own = try CgroupPath("/" + path.components[0] + "/" + ByteString(decimal: worker), id: "x")
                            let cgroup = try Cgroup(
                                host: .made(of: LiveHost.detected().hierarchies.filter { $0.subsystems == "pids" }), path: own)
                            try cgroup.create()
                            if try !cgroup.exists() { failed += 1 }
                            try cgroup.remove()
                        } catch {
                            failed += 1
                        }
                    }
                    return failed
                }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 0)
        ("/sys/fs/cgroup/pids/" + path.components[0]).withCString { _ = rmdir($0) }
    }

    @Test func writesLimitsThatTheKernelKeeps() throws {
        let live = try LiveCgroup(LiveHost.detected(), LiveHost.path())
        let json = #"""
            {"memory":{"limit":67108864,"swap":134217728,"reservation":33554432,"swappiness":10,"disableOOMKiller":true},
             "cpu":{"shares":512,"quota":50000,"period":100000,"burst":20000,"cpus":"0","mems":"0"},"pids":{"limit":20},
             "devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rwm"},
                        {"allow":true,"type":"b","major":8,"access":"r"}]}
            """#
        try live.cgroup.apply(ResourcePlan(Resources(json), locations: live.cgroup.controllers()))
        for (hierarchy, file, value) in [
            ("memory", "memory.limit_in_bytes", "67108864"), ("memory", "memory.memsw.limit_in_bytes", "134217728"),
            ("memory", "memory.soft_limit_in_bytes", "33554432"), ("memory", "memory.swappiness", "10"),
            ("cpu", "cpu.shares", "512"),
            ("cpu", "cpu.cfs_quota_us", "50000"), ("cpu", "cpu.cfs_period_us", "100000"), ("cpu", "cpu.cfs_burst_us", "20000"),
            ("cpuset", "cpuset.cpus", "0"), ("cpuset", "cpuset.mems", "0"), ("pids", "pids.max", "20"),
        ] as [(ByteString, ByteString, ByteString)] {
            #expect(try live.read(file, in: live.directory(hierarchy)) == value, "\(file.displayText)")
        }
        #expect(try live.read("memory.oom_control", in: live.directory("memory")).displayText.contains("oom_kill_disable 1"))
        let devices = try live.read("devices.list", in: live.directory("devices")).displayText
        #expect(devices.hasPrefix("c 10:229 rwm\nb 8:* r\n"))
    }

    @Test func raisesAndLowersLimitsThatHangTogether() throws {
        let live = try LiveCgroup(LiveHost.only(.v1), LiveHost.path())
        func update(_ json: String) throws {
            try live.cgroup.apply(ResourcePlan(Resources(json), locations: live.cgroup.controllers(), devices: false))
        }
        for limit in [1 << 26, 1 << 28, 1 << 25, 1 << 27] {
            try update(#"{"memory":{"limit":\#(limit),"swap":\#(limit)}}"#)
            let text = ByteString(decimal: limit)
            #expect(try live.read("memory.limit_in_bytes", in: live.directory("memory")) == text)
            #expect(try live.read("memory.memsw.limit_in_bytes", in: live.directory("memory")) == text)
        }
        try update(#"{"memory":{"limit":-1}}"#)
        for (quota, burst) in [(50_000, 40_000), (10_000, 5_000), (90_000, 80_000)] {
            try update(#"{"cpu":{"quota":\#(quota),"burst":\#(burst)}}"#)
            #expect(try live.read("cpu.cfs_burst_us", in: live.directory("cpu")) == ByteString(decimal: burst))
        }
    }

    @Test func saysWhatTheKernelRefuses() throws {
        let live = try LiveCgroup(LiveHost.only(.v1), LiveHost.path())
        let error = try #require(throws: RuntimeError.self) {
            try live.cgroup.apply(
                ResourcePlan(Resources(#"{"cpu":{"cpus":"4000"}}"#), locations: live.cgroup.controllers(), devices: false))
        }
        #expect(error.pointer == "/linux/resources/cpu/cpus")
        #expect(error.sentence == "the kernel refuses \"4000\" for cpuset.cpus")
        #expect(error.errno != nil)
        #expect(error.path == live.directory("cpuset"))
    }
}

extension LiveHost {
    /// The mount points of the other hierarchies.
    static func others(than subsystems: ByteString) -> [ByteString] {
        ((try? detected())?.hierarchies ?? []).filter { $0.subsystems != subsystems }.map { $0.mountPoint }
    }
}
