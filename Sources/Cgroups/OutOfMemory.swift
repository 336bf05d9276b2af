import Bytes
import Errors
import Linux

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
    /// admin-guide/cgroup-v2.rst. If a parent has the file set, all processes below the parent are killed.
    public func diesAsAWhole() -> Bool {
        guard let group = groups.first(where: { $0.version == .v2 }) else { return false }
        let isSet = try? group.withRoot { root throws(SystemError) in
            (1...path.components.count).contains { count in
                let text = try? root.readFile(path.prefix(count) + "/memory.oom.group")
                return text.map { ByteString($0).trimmed == "1" } ?? false
            }
        }
        return isSet ?? false
    }
}
