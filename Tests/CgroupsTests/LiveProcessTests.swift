import Bytes
import CLinux
import Errors
import Linux
import Testing

@testable import Cgroups

/// Processes in the machine's own v1 cgroups, and in the v2 directory beside them on a hybrid host.
@Suite(.enabled(if: LiveHost.hasV1, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveProcessTests {
    private let live: LiveCgroup

    init() throws { live = try LiveCgroup(LiveHost.detected(), LiveHost.path()) }

    @Test func movesTheCallingThreadAlone() throws {
        let tasks = try live.cgroup.openTasks()
        try tasks.enter()
        #expect(tasks.descriptors.allSatisfy { c_fcntl($0, F_GETFD, 0) >= 0 })
        tasks.closeFiles()
        #expect(tasks.isEmpty)
        defer {
            for group in live.cgroup.record.groups where !group.subsystems.isEmpty {
                try? live.put("0", "tasks", in: group.mountPoint)
            }
        }
        let text = try FileDescriptor.open("/proc/thread-self/cgroup", flags: .readOnly).readAll(limit: 64 * 1024)
        let inside = CgroupMembership.parse(text).filter { $0.path == "/" + live.cgroup.path.relative }
        #expect(inside.count == live.cgroup.record.groups.filter { !$0.subsystems.isEmpty }.count)
    }

    /// In each hierarchy, as if it were the only one.
    @Test func fileOfTheCallersOwnCgroupLeavesItWhereItIs() throws {
        let procfs = try ProcFileSystem.forHost()
        let before = try CgroupHost.membership(procfs: procfs)
        for hierarchy in try LiveHost.detected().hierarchies {
            let opened = CgroupHost.made(of: [hierarchy]).openOwnProcesses(procfs: procfs)
            guard let file = opened else {
                Issue.record("no file below \(hierarchy.mountPoint.displayText)")
                continue
            }
            let place = try #require(before.first { $0.subsystems == hierarchy.subsystems }).path
            #expect(try file.hostPath() == hierarchy.mountPoint + (place == "/" ? "" : place) + "/cgroup.procs")
            try file.writeAll([UInt8(ascii: "0")])
        }
        #expect(try CgroupHost.membership(procfs: procfs) == before)
    }

    @Test func callerWithoutHierarchiesHasNoSuchFile() throws {
        let isThere = try CgroupHost.made(of: []).openOwnProcesses(procfs: ProcFileSystem.forHost()) != nil
        #expect(!isThere)
    }

    @Test func listsProcessesOfCgroupsBelowToo() throws {
        try live.makeSub("deep")
        let pids = [try live.spawn(), try live.spawn(in: "deep")]
        #expect(try Set(live.cgroup.processes()) == Set(pids))
        #expect(try Set(Cgroup(record: live.cgroup.record).processes()) == Set(pids))
    }

    @Test func killsEveryProcess() throws {
        try live.makeSub("deep")
        let pids = [try live.spawn(), try live.spawn(in: "deep"), try live.spawn()]
        try live.cgroup.kill(SIGKILL)
        #expect(pids.map { live.signalThatEnded($0) } == [SIGKILL, SIGKILL, SIGKILL])
        #expect(try !live.cgroup.record.isFrozen())
        try live.cgroup.remove()
        #expect(try !live.cgroup.exists())
    }

    @Test(arguments: [SIGKILL, SIGTERM]) func killsNobodyInACgroupThatIsGone(signal: Int32) throws {
        let cgroup = try Cgroup(record: live.cgroup.record)
        try live.cgroup.remove()
        try cgroup.kill(signal)
    }

    @Test func killsWithoutTheHelpOfV2() throws {
        let alone = try LiveCgroup(LiveHost.only(.v1), LiveHost.path())
        let pids = [try alone.spawn(), try alone.spawn()]
        try alone.cgroup.kill(SIGKILL)
        #expect(pids.map { alone.signalThatEnded($0) } == [SIGKILL, SIGKILL])
        #expect(try !alone.cgroup.record.isFrozen())
    }

    @Test func killsWhatIsFrozen() throws {
        let pid = try live.spawn()
        try live.cgroup.freeze()
        try live.cgroup.kill(SIGKILL)
        #expect(live.signalThatEnded(pid) == SIGKILL)
        #expect(try !live.cgroup.record.isFrozen())
    }

    // The cgroup below is a paused container inside the container, and has a freezer state of its own.
    @Test(arguments: [true, false]) func killsWhatIsFrozenInACgroupBelow(beside: Bool) throws {
        let live = beside ? self.live : try LiveCgroup(LiveHost.only(.v1), LiveHost.path())
        for name: ByteString in ["inner", "inner/most"] { try live.makeSub(name) }
        let pids = [try live.spawn(), try live.spawn(in: "inner"), try live.spawn(in: "inner/most")]
        for name: ByteString in ["inner/most", "inner"] {
            try live.put("FROZEN", "freezer.state", in: live.directory("freezer") + "/" + name)
        }
        try live.cgroup.kill(SIGKILL)
        #expect(pids.map { live.signalThatEnded($0) } == [SIGKILL, SIGKILL, SIGKILL])
        try live.cgroup.remove()
        #expect(try !live.cgroup.exists())
    }

    // On v2 a killed process dies even if it's frozen.
    @Test(.enabled(if: LiveHost.hasV2, Comment(rawValue: LiveHost.reason))) func killsWhatIsFrozenInAV2CgroupBelow() throws {
        let live = try LiveCgroup(LiveHost.only(.v2), LiveHost.path())
        try live.makeSub("inner")
        let pids = [try live.spawn(), try live.spawn(in: "inner")]
        let directory = try #require(live.cgroup.record.directories.first)
        try live.put("1", "cgroup.freeze", in: directory + "/inner")
        try live.cgroup.kill(SIGKILL)
        #expect(pids.map { live.signalThatEnded($0) } == [SIGKILL, SIGKILL])
    }

    @Test func thawsWhatWasKilledAndNothingElse() throws {
        try live.makeSub("inner")
        _ = try live.spawn(in: "inner")
        try live.put("FROZEN", "freezer.state", in: live.directory("freezer") + "/inner")
        try live.cgroup.kill(SIGTERM)
        #expect(try live.read("freezer.state", in: live.directory("freezer") + "/inner") == "FROZEN")
        try live.cgroup.thawToEnd()
        #expect(try live.read("freezer.state", in: live.directory("freezer") + "/inner") == "THAWED")
    }

    @Test func sendsOtherSignalsAndLeavesNothingFrozen() throws {
        let pid = try live.spawn()
        try live.cgroup.kill(SIGTERM)
        #expect(live.signalThatEnded(pid) == SIGTERM)
        #expect(try !live.cgroup.record.isFrozen())
    }

    @Test func leavesAPausedContainerPaused() throws {
        let pid = try live.spawn()
        try live.cgroup.freeze()
        try live.cgroup.kill(SIGTERM)
        #expect(try live.cgroup.record.isFrozen())
        #expect(live.isRunning(pid))
        try live.cgroup.thaw()
        #expect(live.signalThatEnded(pid) == SIGTERM)
    }

    @Test func freezesAndThaws() throws {
        _ = try live.spawn()
        #expect(try !live.cgroup.record.isFrozen())
        try live.cgroup.freeze()
        #expect(try live.cgroup.record.isFrozen())
        #expect(try live.read("freezer.state", in: live.directory("freezer")) == "FROZEN")
        try live.cgroup.thaw()
        #expect(try !live.cgroup.record.isFrozen())
    }

    @Test func freezesAmidForks() throws {
        for _ in 0..<4 { _ = try live.spawn("while :; do /bin/true; done") }
        for _ in 0..<20 {
            try live.cgroup.freeze()
            #expect(try live.read("freezer.state", in: live.directory("freezer")) == "FROZEN")
            try live.cgroup.thaw()
        }
        try live.cgroup.kill(SIGKILL)
    }

    @Test func removesCgroupsThatTheContainerMade() throws {
        for name: ByteString in ["one", "one/two", "one/two/three", "other"] { try live.makeSub(name) }
        try live.cgroup.remove()
        #expect(try !live.cgroup.exists())
    }

    @Test func removesCgroupsNestedDeeperThanAPathIsLong() throws {
        let name: ByteString = "twenty-characters-xx"
        var here = try FileDescriptor.open(live.directory("pids"), flags: [.path, .directory])
        for _ in 0..<300 {
            try here.makeDirectory(name, mode: 0o755)
            here = try here.open(name, flags: [.path, .directory])
        }
        try live.cgroup.remove(within: 10_000)
        #expect(try !live.cgroup.exists())
    }

    @Test func namesTheProcessesThatKeepItFromBeingRemoved() throws {
        try live.makeSub("sub")
        let pid = try live.spawn(in: "sub")
        let error = try #require(throws: RuntimeError.self) { try live.cgroup.remove(within: 30) }
        #expect(error.code == .timeout)
        #expect(error.sentence == "can't remove the cgroup, since process \(pid) is still in it")
        #expect(live.isRunning(pid))
    }

    @Test func waitsForTheLastProcessToBeGone() throws {
        _ = try live.spawn("sleep 0.2")
        try live.cgroup.remove(within: 5000)
        #expect(try !live.cgroup.exists())
    }

    @Test func opensCgroupsBelowItsOwnOnly() throws {
        let procfs = try ProcFileSystem.forHost()
        try live.makeSub("sub")
        for option: ByteString in ["sub", "/sub", "memory:sub", "memory,pids:/sub/", "/"] {
            let entry = try live.cgroup.openEntry([option], besides: getpid(), procfs: procfs)
            #expect(!entry.tasks.isEmpty)
        }
        for option: ByteString in ["..", "../x", "memory:sub/../../x", "", "nosuch:sub", "missing"] {
            #expect(throws: RuntimeError.self, "\(option.displayText)") {
                _ = try live.cgroup.openEntry([option], besides: getpid(), procfs: procfs)
            }
        }
    }

    @Test func namesWhatAMountOfCgroupShows() throws {
        let points = live.cgroup.mountPoints
        let memory = try #require(points.first { $0.name == "memory" })
        #expect(memory.directory == live.directory("memory"))
        #expect(memory.options == ["memory"])
        #expect(memory.links == [])
        for point in points where point.name == "systemd" { #expect(point.options == ["none", "name=systemd"]) }
    }
}
