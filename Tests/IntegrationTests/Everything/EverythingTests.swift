import CHarness
import Testing

/// Every property of the specification's schema, in as few containers as contradictions allow, and each read back: from inside
/// the container, or by a test that `elsewhere` names.
@Suite("every property at once", .needsRoot, .sandboxed)
struct EverythingTests {
    private static let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }

    /// The properties that these containers don't set, by the beginning of their path, and the tests that read them back.
    static let elsewhere = [
        "/linux/resources": "LimitTableTests, EveryPropertyTests: the files of cgroups v1 and v2 differ",
        "/linux/intelRdt": "ResctrlGroupTests: few processors have it",
        "/linux/mountLabel": "SELinuxTests: needs SELinux", "/process/selinuxLabel": "SELinuxTests: needs SELinux",
        "/process/apparmorProfile": "conformance/engines, with Docker's profile: needs AppArmor",
        "/linux/seccomp/defaultErrnoRet": "AgreementTests: not with an action that allows",
        "/linux/seccomp/listenerPath": "SeccompTests: needs an agent",
        "/linux/seccomp/listenerMetadata": "SeccompTests: needs an agent",
        "/process/scheduler/priority": "SchedulingTests: for real-time policies",
        "/process/scheduler/runtime": "decoded for SCHED_DEADLINE, which cgroups with real-time limits forbid",
        "/process/scheduler/deadline": "the same", "/process/scheduler/period": "the same",
        "/linux/personality/flags": "no flag is defined, so each is refused: SchedulingTests",
        "/process/commandLine": "for Windows", "/process/user/username": "for Windows",
    ]

    // MARK: The containers

    /// Shows what the kernel tells of each property, a line `NAME=VALUE` for each.
    private static let report = """
        show() { echo "$1=$(eval "$2" 2>&1 | tr -s '\\n\\t ' ' ' | sed 's/ *$//')"; }
        show hostname hostname; show domainname 'cat /proc/sys/kernel/domainname'; show cwd pwd
        show env 'echo $GREETING'; show user id; show umask umask
        show capabilities 'grep ^Cap /proc/self/status | cut -f 2'; show nonewprivs 'grep NoNewPrivs /proc/self/status | cut -f 2'
        show oom 'cat /proc/self/oom_score_adj'; show limits 'ulimit -Sn; ulimit -Hn'
        show scheduler 'cut -d " " -f 19,41 /proc/self/stat'; show ioprio 'busybox ionice -p $$'
        show root 'touch /x || true'; show mount 'stat -c %u:%g:%a /shared; grep -c " /shared tmpfs.*noexec" /proc/mounts'
        show device 'stat -c %t:%T:%u:%g:%a /dev/special'; show pids 'cat /proc/sys/kernel/msgmax'
        show masked 'cat /secret'; show readonly 'echo > /frozen/x'
        show seccomp 'mkdir /tmp/forbidden'; show personality 'uname -m'
        show memory 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2'
        show uptime 'cut -d . -f 1 /proc/uptime'; show clock 'cat /proc/self/timens_offsets'
        show network 'ip -o -f inet addr show dev inside'; show propagation 'cut -d " " -f 5,7 /proc/self/mountinfo | grep -c "^/ shared:"'
        show hook 'cat /dev/shm/hook'
        """

    /// A container with namespaces of its own, except for users.
    private func own(_ bundle: Bundle) throws -> JSON {
        for (place, name) in [("secret", "words"), ("frozen", "x")] {
            if place == "secret" {
                try write(name, to: bundle.rootfs + "/secret")
            } else {
                try makeDirectory(bundle.rootfs + "/" + place)
            }
        }
        var config: JSON = .standardConfig
        config.hostname = "everything"
        config.domainname = "example.org"
        config.annotations = ["org.example.key": "value"]
        config.root.readonly = true
        config.process = [
            "args": ["sh", "-c", .string(Self.report)], "env": ["PATH=/bin", "GREETING=hello there"], "cwd": "/var",
            "user": ["uid": 1000, "gid": 1001, "umask": 0o027, "additionalGids": [7, 8]],
            "capabilities": [
                "bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
                "inheritable": ["CAP_KILL"],
                "ambient": ["CAP_KILL"],
            ],
            "oomScoreAdj": 300, "noNewPrivileges": true, "ioPriority": ["class": "IOPRIO_CLASS_BE", "priority": 5],
            "scheduler": ["policy": "SCHED_BATCH", "nice": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]],
            "rlimits": [["type": "RLIMIT_NOFILE", "soft": 100, "hard": 200]], "execCPUAffinity": ["initial": "0", "final": "0"],
        ]
        config.mounts.append([
            "destination": "/shared", "type": "tmpfs", "source": "tmpfs", "options": ["noexec", "idmap", "mode=711"],
            "uidMappings": [["containerID": 0, "hostID": 3000, "size": 1]],
            "gidMappings": [["containerID": 0, "hostID": 4000, "size": 1]],
        ])
        config.linux.namespaces.append(["type": "time"])
        config.linux.devices = [
            ["type": "c", "path": "/dev/special", "major": 1, "minor": 3, "fileMode": 0o604, "uid": 5, "gid": 6]
        ]
        config.linux.sysctl = ["kernel.msgmax": "9000"]
        config.linux.maskedPaths = ["/secret"]
        config.linux.readonlyPaths = ["/frozen"]
        config.linux.rootfsPropagation = "shared"
        config.linux.personality = ["domain": .string(Processor.disguise.domain)]
        config.linux.memoryPolicy = ["mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]]
        config.linux.timeOffsets = ["boottime": ["secs": 86400, "nanosecs": 5], "monotonic": ["secs": 7200, "nanosecs": 6]]
        config.linux.netDevices = ["outside": ["name": "inside"]]
        config.linux.cgroupsPath = .string(bundle.cgroup)
        config.linux.seccomp = [
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": [.string(Processor.architecture)],
            "flags": ["SECCOMP_FILTER_FLAG_LOG"],
            "syscalls": [
                [
                    "names": [.string(Processor.mkdir.name)], "action": "SCMP_ACT_ERRNO", "errnoRet": 122,
                    "args": [
                        ["index": .number(Processor.mkdir.mode), "value": 0o777, "valueTwo": 0o777, "op": "SCMP_CMP_MASKED_EQ"]
                    ],
                ]
            ],
        ]
        for kind in HookTests.kinds {
            let file = kind == "startContainer" ? "/dev/shm/hook" : bundle.path + "/" + kind
            config.hooks[kind] = [
                [
                    "path": .string(kind == "startContainer" ? "/bin/busybox" : Workspace.busybox),
                    "args": ["sh", "-c", .string("echo $WORD > \(file)")], "env": [.string("WORD=\(kind)")], "timeout": 20,
                ]
            ]
        }
        return config
    }

    @Test(.needsKernel(6, 3)) func containerWithNamespacesOfItsOwnHasAllThatItIsGiven() throws {
        let bundle = try Bundle()
        bundle.config = try own(bundle)
        let finished = try bundle.run {
            $0.wrap(inNetworkWith: "busybox ip link add outside type veth; busybox ip addr add 10.0.0.7/24 dev outside")
        }
        #expect(finished.succeeded, "\(finished)")
        var seen: [String: String] = [:]
        for line in finished.output.lines {
            if let mark = line.firstIndex(of: "=") { seen[String(line[..<mark])] = String(line[line.index(after: mark)...]) }
        }
        let kill = "0000000000000020"
        let exact = [
            "hostname": "everything", "domainname": "example.org", "cwd": "/var", "env": "hello there", "umask": "0027",
            "user": "uid=1000 gid=1001 groups=7,8", "nonewprivs": "1", "oom": "300", "limits": "100 200",
            "capabilities": "\(kill) \(kill) \(kill) 0000000000000021 \(kill)", "scheduler": "3 3",
            "ioprio": "best-effort: prio 5",
            "mount": "3000:4000:711 1", "device": "1:3:5:6:604", "pids": "9000", "masked": "",
            "personality": Processor.disguise.machine,
            "memory": "bind=static:0", "clock": "monotonic 7200 6 boottime 86400 5", "propagation": "1", "hook": "startContainer",
        ]
        for (name, value) in exact { #expect(seen[name] == value, "\(name)") }
        #expect(seen["root"]?.contains("Read-only file system") == true && seen["readonly"]?.contains("Read-only") == true)
        #expect(seen["seccomp"]?.contains("quota exceeded") == true, "\(seen["seccomp"] ?? "")")
        #expect((Int(seen["uptime"] ?? "") ?? 0) > 86400)
        #expect(seen["network"]?.contains("10.0.0.7/24") == true)
        for kind in HookTests.kinds where kind != "startContainer" {
            #expect(read(bundle.path + "/" + kind) == kind + "\n", "\(kind)")
        }
    }

    /// A container with a terminal, in a user namespace of its own and in a UTS namespace that stood before.
    private func mapped(_ namespaces: Namespaces) throws -> JSON {
        var config: JSON = .standardConfig
        config.mapUsers()
        config.join(namespace: "uts", at: namespaces.path("uts"))
        config.process.terminal = true
        config.process.consoleSize = ["height": 30, "width": 100]
        config.runs("stty size; tr -s ' ' < /proc/self/uid_map; readlink /proc/self/ns/uts")
        return config
    }

    @Test func containerWithATerminalAndMappedUsersHasAllThatItIsGiven() throws {
        let namespaces = try Namespaces(["uts"])
        let bundle = try Bundle()
        let cgroup = bundle.config.linux.cgroupsPath
        bundle.config = try mapped(namespaces)
        bundle.config.linux.cgroupsPath = cgroup
        let (container, terminal) = try bundle.createWithTerminal()
        try container.start()
        try terminal.wait(for: "uts:")
        #expect(try container.wait() == .exited(0))
        let lines = terminal.text.lines.map { $0.trimmed }
        #expect(lines.prefix(2) == ["30 100", "0 100000 65536"])
        #expect(lines.last == linkTarget(namespaces.path("uts")))
    }

    @Test func schemaHasNoPropertyThatNoTestSets() throws {
        let bundle = try Bundle()
        let configs = [try own(bundle), try mapped(try Namespaces(["uts"]))]
        let set = configs.reduce(into: Set<String>()) { $0.formUnion($1.properties()) }
        let schema = read(Self.folder + "/schema-1.3.0.txt").lines.filter { $0.hasPrefix("/") }
        #expect(schema.count == 223)
        for property in schema where !set.contains(property) {
            let reason = Self.elsewhere.first { property == $0.key || property.hasPrefix($0.key + "/") }
            #expect(reason != nil, "\(property) is set by no test")
        }
        for prefix in Self.elsewhere.keys { #expect(schema.contains(prefix), "\(prefix) isn't in the schema") }
    }
}

extension JSON {
    /// The paths of all properties in this value, as the list of the schema has them.
    fileprivate func properties(at path: String = "") -> Set<String> {
        /// Maps whose keys aren't the schema's.
        let maps: Set = ["/annotations", "/linux/sysctl", "/linux/netDevices"]
        var found = Set<String>()
        for key in memberNames {
            let below = path + "/" + (maps.contains(path) ? "*" : key)
            found.insert(below)
            found.formUnion(self[key].properties(at: below))
        }
        for element in elements { found.formUnion(element.properties(at: path + "/-")) }
        return found
    }
}
