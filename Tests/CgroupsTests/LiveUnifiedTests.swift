import Bytes
import CLinux
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

/// The v2 hierarchy of this machine, with whatever controllers it has.
@Suite(.enabled(if: LiveHost.hasV2, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveUnifiedTests {
    private let live: LiveCgroup

    init() throws { live = try LiveCgroup(LiveHost.only(.v2), LiveHost.path()) }

    private var directory: ByteString { live.cgroup.record.directories[0] }

    @Test func freezesThawsAndKills() throws {
        let pids = [try live.spawn(), try live.spawn()]
        try live.cgroup.freeze()
        #expect(try live.cgroup.record.isFrozen())
        #expect(try live.read("cgroup.events", in: directory).displayText.contains("frozen 1"))
        try live.cgroup.thaw()
        #expect(try !live.cgroup.record.isFrozen())
        try live.cgroup.kill(SIGTERM)
        #expect(pids.map { live.signalThatEnded($0) } == [SIGTERM, SIGTERM])
        let last = try live.spawn()
        try live.cgroup.freeze()
        try live.cgroup.kill(SIGKILL)
        #expect(live.signalThatEnded(last) == SIGKILL)
    }

    @Test func refusesACgroupInUse() throws {
        _ = try live.spawn()
        let second = try Cgroup(host: LiveHost.only(.v2), path: live.cgroup.path)
        #expect(second.record.groups.allSatisfy { $0.existing == 2 })
        let error = try #require(throws: RuntimeError.self) { try second.create() }
        #expect(error.sentence == "the cgroup exists already and has processes in it or below it")
        #expect(try live.cgroup.exists())
    }

    @Test func givesClone3ADirectory() throws {
        guard let descriptor = try live.cgroup.directoryForClone() else {
            Issue.record("there is no directory")
            return
        }
        #expect(try descriptor.status().inode == FileDescriptor.open(directory, flags: .path).status().inode)
        #expect(c_fcntl(descriptor.rawValue, F_GETFD, 0) == FD_CLOEXEC)
    }

    @Test func findsWhereAProcessIsBelowTheCgroup() throws {
        try live.makeSub("init.scope")
        let pid = try live.spawn(in: "init.scope")
        let procfs = try ProcFileSystem.forHost()
        let found = try live.cgroup.directoryForClone(besides: pid, procfs: procfs)
        #expect(try found.status().inode == FileDescriptor.open(directory + "/init.scope", flags: .path).status().inode)
        // A cgroup whose name only begins with the other's name isn't above the process.
        let longer = try Cgroup(host: LiveHost.only(.v2), path: CgroupPath("/" + live.cgroup.path.relative + "0", id: "x"))
        try longer.create()
        defer { try? longer.remove() }
        #expect(throws: RuntimeError.self) { _ = try longer.directoryForClone(besides: pid, procfs: procfs) }
    }

    @Test func givesAwayNoMoreThanTheKernelLists() throws {
        try live.cgroup.delegate(to: 12_345)
        let place = try FileDescriptor.open(directory, flags: [.path, .directory])
        func owner(_ file: ByteString) throws -> UInt32 { try place.open(file, flags: .path).status().user }
        #expect(try place.status().user == 12_345)
        for file: ByteString in ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            #expect(try owner(file) == 12_345)
        }
        for file: ByteString in ["cgroup.freeze", "cgroup.max.depth", "cgroup.events"] { #expect(try owner(file) == 0) }
    }

    @Test func attachesOneDeviceFilterAndReplacesIt() throws {
        let locations = try live.cgroup.controllers()
        for json in [#"{}"#, #"{"devices":[{"allow":true,"access":"rwm"}]}"#, #"{"devices":[{"allow":false,"access":"rwm"}]}"#] {
            try live.cgroup.apply(ResourcePlan(Resources(json), locations: locations))
            let place = try FileDescriptor.open(directory, flags: [.readOnly, .directory])
            #expect(try DeviceFilter.programs(of: place).count == 1)
        }
    }
}
