import Bytes

extension Config {
    /// Makes the config.json that `spec` writes: a shell at a terminal, in its own namespaces, with few rights.
    ///
    /// - Parameters:
    ///   - rootless: whether the config is for a user who isn't root. It then has a user namespace whose root is that user, and
    ///     leaves out everything that needs more rights: a network namespace, limits, other groups.
    ///   - uid: the user's id on the host. It's used only if `rootless` is true.
    ///   - gid: the id of the user's group on the host. It's used only if `rootless` is true.
    ///   - cgroupNamespace: whether the config has a cgroup namespace. It should have none on a host with cgroup v1, where
    ///     engines and tools expect the host's names in /proc/PID/cgroup.
    /// - Returns: JSON text that ends with a line feed.
    public static func template(rootless: Bool, uid: UInt32, gid: UInt32, cgroupNamespace: Bool = true) -> [UInt8] {
        var json = JSONWriter(.indented(4))
        let text = templateText(rootless: rootless, uid: uid, gid: gid, cgroupNamespace: cgroupNamespace)
        if let document = try? JSONValue(parsing: text) { json.element(document) }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

/// The template as JSON with little white space. Fixed pieces of text alternate with the pieces that depend on the parameters.
private func templateText(rootless: Bool, uid: UInt32, gid: UInt32, cgroupNamespace: Bool) -> [UInt8] {
    var text: [UInt8] = []
    text.append(#"{"ociVersion": ""#)
    text.append(Specification.version)
    text.append(
        #"""
        ", "process": {
          "terminal": true,
          "user": {"uid": 0, "gid": 0},
          "args": ["sh"],
          "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
          "cwd": "/",
          "capabilities": {
            "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
          },
          "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
          "noNewPrivileges": true
        },
        "root": {"path": "rootfs", "readonly": true},
        "hostname": "wherry",
        "mounts": [
          {"destination": "/proc", "type": "proc", "source": "proc"},
          {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
          {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"
        """#)
    // Group 5, tty, isn't mapped in a user namespace that has only one group.
    if !rootless { text.append(#", "gid=5""#) }
    text.append(
        #"""
        ]},
          {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
            "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
          {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
          {"destination": "/sys", "type":
        """#)
    // Mounting a new sysfs takes CAP_SYS_ADMIN over the network namespace, so the container would need its own.
    text.append(rootless ? #""none", "source": "/sys", "options": ["rbind", "# : #""sysfs", "source": "sysfs", "options": ["#)
    text.append(
        #"""
        "nosuid", "noexec", "nodev", "ro"]},
          {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
            "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
        ],
        "linux": {
        """#)
    if rootless {
        appendMapping("uidMappings", to: uid, &text)
        appendMapping("gidMappings", to: gid, &text)
    } else {
        text.append(#""resources": {"devices": [{"allow": false, "access": "rwm"}]}, "#)
    }
    text.append(#""namespaces": [{"type": "pid"}, "#)
    // A new network namespace is of no use until it is connected, and the user hasn't the rights to connect it.
    if !rootless { text.append(#"{"type": "network"}, "#) }
    text.append(#"{"type": "ipc"}, {"type": "uts"}, {"type": "mount"}"#)
    if rootless { text.append(#", {"type": "user"}"#) }
    if cgroupNamespace { text.append(#", {"type": "cgroup"}"#) }
    // The masked paths reveal more of the host or its hardware than a container should know. Writing to the read-only paths
    // would change settings for the whole host.
    text.append(
        #"""
        ],
          "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
          "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        }}
        """#)
    return text
}

private func appendMapping(_ key: StaticString, to hostID: UInt32, _ text: inout [UInt8]) {
    text.append("\"")
    text.append(key)
    text.append(#"": [{"containerID": 0, "hostID": "#)
    text += ByteString(decimal: hostID).bytes
    text.append(#", "size": 1}], "#)
}
