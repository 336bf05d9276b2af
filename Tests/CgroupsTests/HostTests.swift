import Bytes
import CLinux
import Errors
import Linux
import Testing

@testable import Cgroups

@Suite struct HostTests {
    @Test func readsTheLinesOfMembership() {
        let text: ByteString = "4:cpu,cpuacct:/a\n1:name=systemd:/init:scope\n0::/b\nbroken\n"
        #expect(
            CgroupMembership.parse(text.bytes) == [
                CgroupMembership(subsystems: "cpu,cpuacct", path: "/a"),
                CgroupMembership(subsystems: "name=systemd", path: "/init:scope"),
                CgroupMembership(subsystems: "", path: "/b"),
            ])
    }

    @Test func findsMountsOfCgroupV1TheLatestFirst() {
        let table: ByteString = """
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            32 31 0:29 / /a\\040b rw,relatime shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct
            33 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            34 31 0:31 / /later rw - cgroup none rw,memory
            short line
            """
        let mounts = MountTable.cgroup1Mounts(in: table.bytes)
        #expect(mounts.map { $0.place } == ["/later", "/a b"])
        #expect(mounts[1].controllers.contains(.cpuacct))
        #expect(!mounts[1].controllers.contains(.cpuset))
    }

    @Test func findsNoHierarchyWhereNothingIsMounted() throws {
        let tree = try TemporaryTree()
        let procfs = try ProcFileSystem.forHost()
        let nowhere = try CgroupHost.detect(at: tree.path + "/missing", procfs: procfs)
        #expect(nowhere.layout == .absent)
        #expect(nowhere.hierarchies.isEmpty)
    }

    @Test func findsTheHostsOwnHierarchies() throws {
        let host = try CgroupHost.detect(procfs: ProcFileSystem.forHost())
        for hierarchy in host.hierarchies { #expect(try hierarchy.root.contains("cgroup.procs")) }
        #expect(host.hierarchies.isEmpty == (host.layout == .absent))
        if host.layout == .unified { #expect(host.hierarchies.map { $0.mountPoint } == ["/sys/fs/cgroup"]) }
        if host.layout == .legacy {
            // Each v1 hierarchy in its usual place must be found there.
            for name: ByteString in ["memory", "freezer", "pids"] {
                guard (try? FileDescriptor.open("/sys/fs/cgroup/" + name + "/tasks", flags: .readOnly)) != nil else { continue }
                #expect(host.hierarchies.contains { $0.mountPoint == "/sys/fs/cgroup/" + name && $0.subsystems == name })
            }
        }
    }

    @Test func tellsWhichVersionHasAController() {
        let hybrid = ControllerLocations(
            v1: ControllerSet([ControllerSet(.memory)]), v2: ControllerSet([ControllerSet(.hugetlb)]), filter: true)
        #expect(hybrid.version(of: .memory) == .v1)
        #expect(hybrid.version(of: .hugetlb) == .v2)
        #expect(hybrid.version(of: .devices) == .v2)
        #expect(hybrid.version(of: .cpu) == nil)
    }
}
