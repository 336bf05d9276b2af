import CHarness
import Testing

/// Everything that can be refused is refused before anything on the host changes.
@Suite("plan", .needsRoot, .sandboxed)
struct PlanTests {
    enum Refused: String, CaseIterable {
        case mountOnRoot, optionWithValue, mountInProc, unmappedUser, missingMappings, hiddenPathsWithoutMountNamespace
        case sysctlOfTheHost, sysctlWithoutNamespace, netDeviceWithoutNamespace, namespaceFile, ownMountNamespace
        case cgroupPath, longCgroupPath, cgroupLimit, deviceRule, missingController
        case filterWithoutExecve, filterWithoutRead, unknownFilterFlag, idMappedFileSystem
    }

    private func configure(_ config: inout JSON, _ refused: Refused) {
        switch refused {
        case .mountOnRoot: config.mounts.append(.mount("/", type: "tmpfs", source: "tmpfs"))
        case .optionWithValue: config.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["ro=yes"]))
        case .mountInProc: config.mounts.append(.mount("/proc/self", type: "tmpfs", source: "tmpfs"))
        case .unmappedUser:
            config.linux.namespaces.append(["type": "user"])
            config.linux.uidMappings = [["containerID": 0, "hostID": 100_000, "size": 10]]
            config.linux.gidMappings = [["containerID": 0, "hostID": 100_000, "size": 10]]
            config.process.user.uid = 1000
        case .missingMappings: config.linux.namespaces.append(["type": "user"])
        case .hiddenPathsWithoutMountNamespace:
            config.drop(namespace: "mount")
            config.linux.maskedPaths = ["/proc/kcore"]
        case .sysctlOfTheHost: config.linux.sysctl = ["vm.swappiness": "1"]
        case .sysctlWithoutNamespace:
            config.drop(namespace: "ipc")
            config.linux.sysctl = ["kernel.msgmax": "8192"]
        case .netDeviceWithoutNamespace:
            config.drop(namespace: "network")
            config.linux.netDevices = ["eth0": [:]]
        case .namespaceFile: config.join(namespace: "ipc", at: "/etc/passwd")
        case .ownMountNamespace: config.join(namespace: "mount", at: "/proc/self/ns/mnt")
        case .cgroupPath: config.linux.cgroupsPath = "/a/../../b"
        case .longCgroupPath: config.linux.cgroupsPath = .string(String(repeating: "A", count: 4080))
        case .cgroupLimit: config.linux.resources.pids.limit = -2
        case .deviceRule: config.linux.resources.devices = [["allow": true, "type": "c", "major": -7, "access": "rwm"]]
        case .missingController: config.linux.resources.unified = ["no-such-controller.max": "1"]
        case .filterWithoutExecve:
            config.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["execve"], "action": "SCMP_ACT_ERRNO"]],
            ]
        case .filterWithoutRead:
            config.linux.seccomp = [
                "defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/none",
                "syscalls": [["names": ["read"], "action": "SCMP_ACT_ERRNO"]],
            ]
        case .unknownFilterFlag:
            config.linux.seccomp = ["defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NONE"]]
        case .idMappedFileSystem:
            config.drop(namespace: "mount")
            config.linux.maskedPaths = []
            config.linux.readonlyPaths = []
            config.mounts.append(.mount("/mnt", type: "bind", source: "/etc", ["bind", "idmap"]))
        }
    }

    @Test(arguments: Refused.allCases) func configurationIsRefusedBeforeAnythingIsMade(refused: Refused) throws {
        let bundle = try Bundle { configure(&$0, refused) }
        let finished = try bundle.command("create", global: ["--debug"]).run()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(finished.errors.contains("step: read bundle"))
        #expect(!finished.errors.contains("step: make state directory"), "\(finished)")
    }

    /// `--debug` shows the plan, line by line, before it's executed.
    @Test func isShownWhole() throws {
        let bundle = try Bundle {
            $0.hostname = "plan-host"
            $0.linux.sysctl = ["net.ipv4.ip_forward": "1"]
            $0.linux.resources.pids.limit = 77
            $0.mounts.append(.mount("/data", type: "bind", source: "/etc", ["rbind", "ro"]))
            $0.linux.maskedPaths = ["/proc/kcore"]
            $0.hooks.poststart = [["path": "/bin/true"]]
        }
        let lines = try bundle.command("create", global: ["--debug"]).run().errors.lines
        let making = try #require(lines.firstIndex { $0.contains("step: make state directory") })
        for line in [
            "container " + bundle.id + " of bundle " + bundle.path, "cgroup: pids.max 77", "namespaces: pid new",
            "mounts: /data rbind /etc rbind,ro", "hiddenPaths: /proc/kcore masked", "sysctls: net.ipv4.ip_forward 1",
            "container: hostname plan-host", "hooks: poststart /bin/true none",
        ] {
            #expect(lines[..<making].contains { $0.hasSuffix("plan: " + line) }, "\(line)")
        }
    }
}
