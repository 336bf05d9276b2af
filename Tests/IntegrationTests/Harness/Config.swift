extension JSON {
    /// Nearly what `spec` writes: all new namespaces except user and time, few capabilities, the usual mounts.
    static let standardConfig: JSON = [
        "ociVersion": "1.3.0",
        "process": [
            "user": ["uid": 0, "gid": 0],
            "args": ["true"],
            "env": ["PATH=/bin"],
            "cwd": "/",
            "noNewPrivileges": true,
            "capabilities": .capabilities(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]),
        ],
        "root": ["path": "rootfs"],
        "mounts": [
            ["destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]],
            [
                "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
            ],
            [
                "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
            ],
            [
                "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
            ],
            ["destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]],
        ],
        "linux": [
            "namespaces": [
                ["type": "pid"], ["type": "network"], ["type": "ipc"], ["type": "uts"], ["type": "mount"], ["type": "cgroup"],
            ]
        ],
    ]

    /// The same capabilities in the bounding, effective and permitted sets.
    static func capabilities(_ names: [String]) -> JSON {
        ["bounding": JSON(names), "effective": JSON(names), "permitted": JSON(names)]
    }

    /// An entry of `mounts`.
    static func mount(
        _ destination: String, type: String = "none", source: String, _ options: [String] = []
    ) -> JSON {
        ["destination": .string(destination), "type": .string(type), "source": .string(source), "options": JSON(options)]
    }

    // The functions below change a whole config.

    /// Makes the process a shell that runs this script.
    mutating func runs(_ script: String) { self.process.args = ["sh", "-c", .string(script)] }

    /// Makes the process this command.
    mutating func runs(arguments: [String]) { self.process.args = JSON(arguments) }

    /// Removes the entry of this namespace type.
    mutating func drop(namespace type: String) { self.linux.namespaces.remove { $0.type == .string(type) } }

    /// Replaces the entry of this namespace type, or adds one.
    mutating func join(namespace type: String, at path: String) {
        drop(namespace: type)
        self.linux.namespaces.append(["type": .string(type), "path": .string(path)])
    }

    /// Adds a user namespace that maps ids 0 to 65535 to `first` and above on the host. The standard mounts work with it
    /// unchanged.
    mutating func mapUsers(from first: Int = 100_000) {
        let mappings: JSON = [["containerID": 0, "hostID": .number(first), "size": 65536]]
        self.linux.namespaces.append(["type": "user"])
        self.linux.uidMappings = mappings
        self.linux.gidMappings = mappings
    }

    /// Removes all mounts with this destination.
    mutating func drop(mount destination: String) { self.mounts.remove { $0.destination == .string(destination) } }
}
