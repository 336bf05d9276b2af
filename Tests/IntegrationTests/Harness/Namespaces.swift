import CHarness

/// New namespaces, kept alive by a process until the test is over.
struct Namespaces {
    let pid: pid_t

    private static let files = [
        "pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user", "cgroup": "cgroup",
        "time": "time",
    ]

    /// Makes namespaces of these types. A user namespace maps ids 0 to 65535 to 100000 and above on the host.
    init(_ types: [String]) throws {
        let holder = try Command([Workspace.probe, "hold"] + types).start()
        try Sandbox.current.keep(holder)
        try eventually("a process that holds \(types)") { holder.output.text.hasSuffix("\n") || !holder.errors.text.isEmpty }
        guard let pid = pid_t(holder.output.text.trimmed) else { throw HarnessFailure(holder.errors.text) }
        self.pid = pid
        if types.contains("user") {
            for map in ["uid_map", "gid_map"] where h_put("/proc/\(pid)/\(map)", "0 100000 65536") != 0 {
                throw HarnessFailure.system(map)
            }
        }
    }

    /// The file in /proc that stands for the namespace of this type, by the type's name in config.json.
    func path(_ type: String) -> String { "/proc/\(pid)/ns/\(Self.files[type] ?? type)" }
}
