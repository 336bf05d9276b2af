import Bytes

extension Config {
    /// The config.json that `spec` writes: a shell at a terminal, in namespaces of its own, with few rights.
    ///
    /// - Parameters:
    ///   - rootless: for a user who isn't root: in a user namespace in which root is that user, and without what takes more
    ///     rights than that: a network, limits, other groups.
    ///   - uid: that user on the host; without meaning unless `rootless` is true.
    ///   - gid: the user's group, likewise.
    ///   - cgroupNamespace: whether there is one: with cgroup v1 engines and tools expect the host's names in /proc/PID/cgroup.
    /// - Returns: JSON, to be written to a file as it is.
    public static func template(rootless: Bool, uid: UInt32, gid: UInt32, cgroupNamespace: Bool = true) -> [UInt8] {
        var json = JSONWriter(.indented(4))
        json.object { json in
            json.member("ociVersion", Specification.version)
            json.object("process", writeProcess)
            json.object("root") {
                $0.member("path", "rootfs")
                $0.member("readonly", true)
            }
            json.member("hostname", "wherry")
            json.array("mounts") { json in
                for mount in templateMounts(rootless: rootless) { json.object { mount.write(to: &$0) } }
            }
            json.object("linux") { json in
                if rootless {
                    json.writeMapping("uidMappings", to: uid)
                    json.writeMapping("gidMappings", to: gid)
                } else {
                    json.object("resources", writeResources)
                }
                json.array("namespaces") { json in
                    for name in namespaces(rootless: rootless) { json.object { $0.member("type", name) } }
                    if cgroupNamespace { json.object { $0.member("type", "cgroup") } }
                }
                json.write("maskedPaths", maskedPaths)
                json.write("readonlyPaths", readonlyPaths)
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

private func writeProcess(_ json: inout JSONWriter) {
    json.member("terminal", true)
    json.object("user") {
        $0.member("uid", 0)
        $0.member("gid", 0)
    }
    json.write("args", ["sh"])
    json.write("env", ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"])
    json.member("cwd", "/")
    json.object("capabilities") { json in
        for set: StaticString in ["bounding", "effective", "permitted"] {
            json.write(set, ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])
        }
    }
    json.array("rlimits") {
        $0.object {
            $0.member("type", "RLIMIT_NOFILE")
            $0.member("hard", 1024)
            $0.member("soft", 1024)
        }
    }
    json.member("noNewPrivileges", true)
}

private func writeResources(_ json: inout JSONWriter) {
    json.array("devices") {
        $0.object {
            $0.member("allow", false)
            $0.member("access", "rwm")
        }
    }
}

/// A new network namespace without anyone to connect it is of no use, and the user can't connect it.
private func namespaces(rootless: Bool) -> [StaticString] {
    rootless ? ["pid", "ipc", "uts", "mount", "user"] : ["pid", "network", "ipc", "uts", "mount"]
}

/// What of /proc and /sys tells of the host, or of its hardware, more than a container should know.
private let maskedPaths: [StaticString] = [
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
]

/// What of /proc changes the host for all.
private let readonlyPaths: [StaticString] = [
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
]

private struct TemplateMount {
    let destination: StaticString
    let type: StaticString
    let source: StaticString
    var options: [StaticString] = []

    func write(to json: inout JSONWriter) {
        json.member("destination", destination)
        json.member("type", type)
        json.member("source", source)
        if !options.isEmpty { json.write("options", options) }
    }
}

private func templateMounts(rootless: Bool) -> [TemplateMount] {
    // Group 5, tty, has no place in a user namespace with one group.
    let terminals: [StaticString] = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    // A new sysfs takes a network namespace of one's own.
    let system =
        rootless
        ? TemplateMount(destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"])
        : TemplateMount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"])
    return [
        TemplateMount(destination: "/proc", type: "proc", source: "proc"),
        TemplateMount(
            destination: "/dev", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        TemplateMount(
            destination: "/dev/pts", type: "devpts", source: "devpts", options: rootless ? terminals : terminals + ["gid=5"]),
        TemplateMount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        TemplateMount(
            destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        system,
        TemplateMount(
            destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]
}

extension JSONWriter {
    fileprivate mutating func write(_ key: StaticString, _ texts: [StaticString]) {
        array(key) { json in for text in texts { json.element(text) } }
    }

    fileprivate mutating func writeMapping(_ key: StaticString, to hostID: UInt32) {
        array(key) {
            $0.object {
                $0.member("containerID", 0)
                $0.member("hostID", hostID)
                $0.member("size", 1)
            }
        }
    }
}
