import Bytes

extension Cgroup {
    /// Whether the kernel has killed a process in the cgroup because memory ran out: admin-guide/cgroup-v1/memory.rst,
    /// "oom_control", and admin-guide/cgroup-v2.rst, "memory.events".
    public func hasOOMKill() -> Bool {
        guard let group = group(of: .memory) else { return false }
        let file: ByteString = group.version == .v1 ? "memory.oom_control" : "memory.events"
        guard let text = try? group.directory().readIfPresent(file) else { return false }
        return KeyedValues(text)["oom_kill"] ?? 0 > 0
    }

    /// Whether the kernel kills all processes of the cgroup if memory runs out for one: `memory.oom.group` of
    /// admin-guide/cgroup-v2.rst.
    public func diesAsAWhole() -> Bool {
        guard let group = groups.first(where: { $0.version == .v2 }),
            let text = try? group.directory().readIfPresent("memory.oom.group")
        else { return false }
        return text.trimmed == "1"
    }
}
