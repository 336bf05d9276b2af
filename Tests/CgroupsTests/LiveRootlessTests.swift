import Bytes
import CLinux
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

/// What a user can do to whom systemd has delegated a part of the v2 hierarchy.
@Suite(
    .enabled(if: LiveHost.isUserOfUnified, "needs a user other than root, on a host with cgroup v2 alone"), .serialized)
struct LiveRootlessTests {
    private let json = #"{"memory":{"limit":67108864},"pids":{"limit":20},"devices":[{"allow":false,"access":"rwm"}]}"#

    @Test func makesItsCgroupBesideTheCallersOwn() throws {
        let base = try CgroupHost.delegatedBase(procfs: ProcFileSystem.forHost())
        let id = "wherry-test-" + ByteString(decimal: getpid())
        let cgroup = try Cgroup(host: LiveHost.detected(), path: CgroupPath(nil, id: id, base: base), access: .optional)
        try cgroup.create()
        defer { try? cgroup.remove() }
        #expect(!cgroup.isNowhere)
        // Device rules need privileges on the host, so a container in a user namespace works without them.
        try cgroup.apply(ResourcePlan(Resources(json), locations: cgroup.controllers(), access: .optional))
        let place = try FileDescriptor.open(cgroup.record.directories[0], flags: [.path, .directory])
        #expect(try ByteString(place.readFile("memory.max")).trimmed == "67108864")
        #expect(try ByteString(place.readFile("pids.max")).trimmed == "20")
        try cgroup.remove()
        #expect(try !cgroup.exists())
    }

    @Test func doesWithoutWhereItMayMakeNone() throws {
        let cgroup = try Cgroup(host: LiveHost.detected(), path: LiveHost.path(), access: .optional)
        try cgroup.create()
        #expect(cgroup.isNowhere)
        #expect(cgroup.record.groups.isEmpty)
        let locations = try LiveHost.detected().controllers()
        try cgroup.apply(ResourcePlan(Resources("{}"), locations: locations, access: .optional))
        let plan = try ResourcePlan(Resources(json), locations: locations, access: .optional)
        let error = try #require(throws: RuntimeError.self) { try cgroup.apply(plan) }
        #expect(error.pointer == "/linux/resources/memory/limit")
        #expect(error.errno == .EACCES)
        #expect(error.hint?.contains("delegated") == true)
    }

    @Test func saysWhatItTakesWhereACgroupIsRequired() throws {
        let cgroup = try Cgroup(host: LiveHost.detected(), path: LiveHost.path())
        let error = try #require(throws: RuntimeError.self) { try cgroup.create() }
        #expect(error.errno == .EACCES)
        #expect(error.hint?.contains("delegated") == true)
    }
}
