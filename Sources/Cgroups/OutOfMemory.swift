import Bytes
import Errors
import Linux
public import OCI

extension Cgroup {
    /// Whether the kernel has killed a process in the cgroup because memory ran out.
    public func hasOOMKill() -> Bool { outOfMemory() != nil }

    /// What the kernel tells about processes that it killed in the cgroup because memory ran out:
    /// admin-guide/cgroup-v1/memory.rst, "oom_control", and admin-guide/cgroup-v2.rst, "memory.events".
    ///
    /// - Returns: nil if it killed none, or if the cgroup is gone.
    public func outOfMemory() -> ContainerState.OutOfMemory? {
        guard let group = group(of: .memory), let directory = try? group.directory() else { return nil }
        let (events, limit, peak): (ByteString, ByteString, ByteString) =
            group.version == .v1
            ? ("memory.oom_control", "memory.limit_in_bytes", "memory.max_usage_in_bytes")
            : ("memory.events", "memory.max", "memory.peak")
        guard let text = try? directory.readIfPresent(events), let kills = KeyedValues(text)["oom_kill"], kills > 0 else {
            return nil
        }
        func number(_ file: ByteString) -> UInt64? { (try? directory.readIfPresent(file))?.decimal() }
        // Without a limit, v2 has "max", and v1 the largest number of whole pages.
        return ContainerState.OutOfMemory(
            kills: kills, limit: number(limit).flatMap { $0 >> 62 == 0 ? $0 : nil }, peak: number(peak))
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
