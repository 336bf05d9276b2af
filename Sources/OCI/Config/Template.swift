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
        let text = templateText(rootless: rootless, uid: uid, gid: gid, cgroupNamespace: cgroupNamespace)
        if let document = try? JSONValue(parsing: text) { json.element(document) }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

/// The same with little white space: what differs stands between texts that are there in any case.
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
    // Group 5, tty, has no place in a user namespace with one group.
    if !rootless { text.append(#", "gid=5""#) }
    text.append(
        #"""
        ]},
          {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
            "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
          {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
          {"destination": "/sys", "type":
        """#)
    // A new sysfs takes a network namespace of one's own.
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
    // A new network namespace without anyone to connect it is of no use, and the user can't connect it.
    if !rootless { text.append(#"{"type": "network"}, "#) }
    text.append(#"{"type": "ipc"}, {"type": "uts"}, {"type": "mount"}"#)
    if rootless { text.append(#", {"type": "user"}"#) }
    if cgroupNamespace { text.append(#", {"type": "cgroup"}"#) }
    // The first paths tell of the host, or of its hardware, more than a container should know; the others change the host for all.
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
