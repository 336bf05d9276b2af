import Bytes
import Testing

@testable import OCI

@Suite struct TemplateTests {
    @Test func decodesWithoutUnknownProperties() throws {
        for rootless in [false, true] {
            let config = try Config(parsing: Config.template(rootless: rootless, uid: 1000, gid: 100))
            #expect(config.unknownProperties == [])
            #expect(config.ociVersion == "1.3.0")
            #expect(config.hostname == "wherry")
            #expect(config.root?.path == "rootfs")
            #expect(config.root?.readonly == true)
            #expect(config.linux.maskedPaths.count == 10)
            #expect(config.linux.readonlyPaths.count == 5)
        }
    }

    @Test func runsAShellWithFewRights() throws {
        let process = try #require(try Config(parsing: Config.template(rootless: false, uid: 0, gid: 0)).process)
        #expect(process.terminal && process.noNewPrivileges)
        #expect(process.args == ["sh"])
        #expect(process.env.map { $0.splitOnce(separator: UInt8(ascii: "="))?.0 } == ["PATH", "TERM"])
        #expect(process.capabilities?.bounding == ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])
        #expect(process.capabilities?.permitted == process.capabilities?.bounding)
        #expect(process.capabilities?.inheritable == [])
        #expect(process.capabilities?.ambient == [])
        #expect(process.rlimits.map(\.soft) == [1024])
    }

    @Test func deniesAllDevicesAndMakesAllNamespacesButUserForRoot() throws {
        let config = try Config(parsing: Config.template(rootless: false, uid: 0, gid: 0))
        #expect(config.linux.namespaces.map(\.kind) == [.pid, .network, .ipc, .uts, .mount, .cgroup])
        let rule = try #require(config.linux.resources.devices.first)
        #expect(!rule.allow && rule.kind == .all && rule.read && rule.write && rule.mknod)
        #expect(config.mounts.first { $0.destination == "/sys" }?.type == "sysfs")
        #expect(config.mounts.first { $0.destination == "/dev/pts" }?.options.contains("gid=5") == true)
    }

    @Test(arguments: [false, true]) func leavesTheCgroupNamespaceOut(rootless: Bool) throws {
        let text = Config.template(rootless: rootless, uid: 1000, gid: 100, cgroupNamespace: false)
        let config = try Config(parsing: text)
        #expect(config.linux.namespaces.count == 5 && !config.linux.namespaces.contains { $0.kind == .cgroup })
    }

    @Test func mapsTheCallerToRootWhenRootless() throws {
        let config = try Config(parsing: Config.template(rootless: true, uid: 1000, gid: 100))
        #expect(config.linux.namespaces.map(\.kind) == [.pid, .ipc, .uts, .mount, .user, .cgroup])
        #expect(config.linux.uidMappings == [IDMapping(containerID: 0, hostID: 1000, size: 1)])
        #expect(config.linux.gidMappings == [IDMapping(containerID: 0, hostID: 100, size: 1)])
        #expect(config.linux.resources.devices.isEmpty)
        #expect(config.mounts.first { $0.destination == "/dev/pts" }?.options.contains("gid=5") == false)
        let system = try #require(config.mounts.first { $0.destination == "/sys" })
        #expect(system.source == "/sys")
        #expect(system.options == ["rbind", "nosuid", "noexec", "nodev", "ro"])
    }

    @Test func endsWithALineFeed() {
        #expect(Config.template(rootless: false, uid: 0, gid: 0).suffix(2) == Array("}\n".utf8)[...])
    }
}
