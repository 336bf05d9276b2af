import Testing

/// A configuration that `create` refuses, each for another reason.
struct BrokenBundle: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The exit status of `check`.
    let status: Int
    let configure: @Sendable (inout JSON) -> Void

    private init(_ name: String, _ status: Int, _ configure: @escaping @Sendable (inout JSON) -> Void) {
        testDescription = name
        self.status = status
        self.configure = configure
    }

    static let all = invalid + notHere

    /// What no host would take.
    static let invalid = [
        BrokenBundle("version that is a number", 2) { $0.ociVersion = 1 },
        BrokenBundle("version of the future", 2) { $0.ociVersion = "2.0.0" },
        BrokenBundle("no version", 2) { $0.ociVersion = .null },
        BrokenBundle("no root", 2) { $0.root = .null },
        BrokenBundle("root without a path", 2) { $0.root.path = "" },
        BrokenBundle("working directory that is relative", 2) { $0.process.cwd = "tmp" },
        BrokenBundle("no arguments", 2) { $0.process.args = [] },
        BrokenBundle("variable that is a number", 2) { $0.process.env.append(7) },
        BrokenBundle("unknown resource limit", 2) {
            $0.process.rlimits = [["type": "RLIMIT_FILES", "soft": 1, "hard": 1]]
        },
        BrokenBundle("resource limit that stands twice", 2) {
            let limit: JSON = ["type": "RLIMIT_NOFILE", "soft": 10, "hard": 10]
            $0.process.rlimits = [limit, limit]
        },
        BrokenBundle("soft limit above the hard one", 2) {
            $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 11, "hard": 10]]
        },
        BrokenBundle("capability that is a number", 2) { $0.process.capabilities.bounding = [21] },
        BrokenBundle("user id below 0", 2) { $0.process.user.uid = -1 },
        BrokenBundle("OOM score out of range", 2) { $0.process.oomScoreAdj = 2000 },
        BrokenBundle("unknown scheduling policy", 2) { $0.process.scheduler = ["policy": "SCHED_NEVER"] },
        BrokenBundle("priority without a real-time policy", 2) {
            $0.process.scheduler = ["policy": "SCHED_OTHER", "priority": 5]
        },
        BrokenBundle("unknown type of namespace", 2) { $0.linux.namespaces.append(["type": "disk"]) },
        BrokenBundle("two namespaces of a type", 2) { $0.linux.namespaces.append(["type": "pid"]) },
        BrokenBundle("host name without a namespace", 2) {
            $0.drop(namespace: "uts")
            $0.hostname = "name"
        },
        BrokenBundle("mappings without a user namespace", 2) {
            $0.linux.uidMappings = [["containerID": 0, "hostID": 1000, "size": 1]]
        },
        BrokenBundle("user namespace without mappings", 2) { $0.linux.namespaces.append(["type": "user"]) },
        BrokenBundle("user that isn't mapped", 2) {
            $0.mapUsers()
            $0.process.user.uid = 100_000
        },
        BrokenBundle("clock offsets without a namespace", 2) { $0.linux.timeOffsets = ["boottime": ["secs": 5]] },
        BrokenBundle("network device without a namespace", 2) {
            $0.drop(namespace: "network")
            $0.linux.netDevices = ["eth0": [:]]
        },
        BrokenBundle("mount without a destination", 2) { $0.mounts.append(["type": "tmpfs"]) },
        BrokenBundle("mount without a type", 2) { $0.mounts.append(["destination": "/mnt", "source": "none"]) },
        BrokenBundle("bind mount without a source", 2) { $0.mounts.append(["destination": "/mnt", "type": "bind"]) },
        BrokenBundle("mount on the root", 2) { $0.mounts.append(.mount("/", type: "tmpfs", source: "tmpfs")) },
        BrokenBundle("mount inside proc", 2) { $0.mounts.append(.mount("/proc/self", type: "tmpfs", source: "tmpfs")) },
        BrokenBundle("option with a value", 2) { $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs", ["ro=yes"])) },
        BrokenBundle("parameter of the host", 2) { $0.linux.sysctl = ["vm.swappiness": "1"] },
        BrokenBundle("parameter of a shared namespace", 2) {
            $0.drop(namespace: "ipc")
            $0.linux.sysctl = ["kernel.msgmax": "8192"]
        },
        BrokenBundle("limit below the lowest", 2) { $0.linux.resources.pids.limit = -2 },
        BrokenBundle("cgroup's path that leads up", 2) { $0.linux.cgroupsPath = "/a/../../b" },
        BrokenBundle("unknown type of device", 2) {
            $0.linux.devices = [["type": "d", "path": "/dev/x", "major": 1, "minor": 3]]
        },
        BrokenBundle("unknown action of the filter", 2) { $0.linux.seccomp = ["defaultAction": "SCMP_ACT_MAYBE"] },
        BrokenBundle("seventh argument of a call", 2) {
            let condition: JSON = ["index": 6, "value": 1, "op": "SCMP_CMP_EQ"]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["mount"], "action": "SCMP_ACT_ERRNO", "args": [condition]]],
            ]
        },
        BrokenBundle("hook with a relative path", 2) { $0.hooks.poststart = [["path": "true"]] },
        BrokenBundle("hook that may take no time", 2) { $0.hooks.poststart = [["path": "/bin/true", "timeout": 0]] },
        BrokenBundle("hidden paths without a mount namespace", 2) {
            $0.drop(namespace: "mount")
            $0.linux.maskedPaths = ["/proc/kcore"]
        },
        BrokenBundle("root that is the host's", 2) { $0.root.path = "/" },
    ]

    /// What another host, or this one later, could take.
    static let notHere = [
        BrokenBundle("root that isn't there", 1) { $0.root.path = "elsewhere" },
        BrokenBundle("bind mount of what isn't there", 1) {
            $0.mounts.append(.mount("/mnt", type: "bind", source: "/none/at/all", ["bind"]))
        },
        BrokenBundle("file system that the kernel hasn't got", 1) {
            $0.mounts.append(.mount("/tmp", type: "nonefs", source: "none"))
        },
        BrokenBundle("option that the file system refuses", 1) {
            $0.mounts.append(.mount("/tmp", type: "tmpfs", source: "tmpfs", ["size=much"]))
        },
        BrokenBundle("file mounted on a folder", 1) {
            $0.mounts.append(.mount("/tmp", type: "bind", source: "/etc/passwd", ["bind"]))
        },
        BrokenBundle("link in the place of proc", 1) { $0.mounts.append(.mount("/bin/cat/x", type: "tmpfs", source: "tmpfs")) },
        BrokenBundle("program that isn't on PATH", 1) { $0.process.args = ["no-such-program"] },
        BrokenBundle("program that isn't there", 1) { $0.process.args = ["/bin/no-such-program"] },
        BrokenBundle("program that is a folder", 1) { $0.process.args = ["/tmp"] },
        BrokenBundle("working directory that is a file", 1) { $0.process.cwd = "/bin/busybox" },
        BrokenBundle("namespace that isn't there", 1) { $0.join(namespace: "network", at: "/none/at/all") },
        BrokenBundle("namespace of another type", 1) { $0.join(namespace: "network", at: "/proc/self/ns/uts") },
        BrokenBundle("namespace that is a file", 1) { $0.join(namespace: "ipc", at: "/etc/passwd") },
        BrokenBundle("network device that isn't there", 1) { $0.linux.netDevices = ["none0": [:]] },
        BrokenBundle("hook that isn't there", 1) { $0.hooks.createRuntime = [["path": "/none/at/all", "timeout": 5]] },
        BrokenBundle("hook that can't be executed", 1) { $0.hooks.prestart = [["path": "/etc/passwd", "timeout": 5]] },
        BrokenBundle("resctrl group without a file system", 1) { $0.linux.intelRdt = ["closID": "group"] },
        BrokenBundle("filter that permits no program", 1) {
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["execve"], "action": "SCMP_ACT_ERRNO"]],
            ]
        },
        BrokenBundle("value that the kernel refuses", 1) { $0.linux.sysctl = ["net.ipv4.ip_forward": "much"] },
        BrokenBundle("parameter that the kernel hasn't got", 1) { $0.linux.sysctl = ["net.ipv4.no_such": "1"] },
        BrokenBundle("profile of AppArmor's that isn't loaded", 1) { $0.process.apparmorProfile = "no-such-profile" },
        BrokenBundle("limit above the kernel's highest", 1) {
            $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 10, "hard": 4_000_000_000]]
        },
        BrokenBundle("memory on a node that isn't there", 1) {
            $0.linux.memoryPolicy = ["mode": "MPOL_BIND", "nodes": "1000"]
        },
        BrokenBundle("limit without a controller", 1) { $0.linux.resources.rdma = ["mlx5_1": ["hcaHandles": 3]] },
    ]
}
