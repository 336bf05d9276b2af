import Bytes
import Errors
import Linux

extension Cgroup {
    /// Hands controllers down from the root of a v2 hierarchy to the cgroup: a cgroup has the controllers that stand in its
    /// parent's cgroup.subtree_control. See cgroups(7), "cgroup v2 cgroup.subtree_control".
    ///
    /// What can't be handed down is only an error when a limit needs it, and then the limit's: `apply` reports it. `wanted` is nil
    /// for all there are.
    func handDown(to group: Group, wanted: ControllerSet?) throws(RuntimeError) {
        let type = try explaining(.cgroup, "can't hand controllers down to the cgroup", path: group.place()) {
            () throws(SystemError) -> ByteString in
            let all = try group.ancestor(0).read("cgroup.controllers")
            let want = all.words.filter { wanted?.isSuperset(of: ControllerSet(names: [$0], unified: true)) ?? true }
            let here = try group.directory().read("cgroup.controllers").words
            guard !want.allSatisfy({ here.contains($0) }) else { return "domain" }
            for count in 0..<path.components.count { try enable(want, in: group.ancestor(count)) }
            return try group.directory().readIfPresent("cgroup.type") ?? "domain"
        }
        guard type == "domain" || type == "domain threaded" else {
            throw RuntimeError(
                .cgroup, "the cgroup can't have processes, since a parent of it is threaded", pointer: "/linux/cgroupsPath",
                path: group.place(), hint: "choose a cgroup whose parents have no processes of their own")
        }
    }

    private func enable(_ wanted: [ByteString], in directory: CgroupDirectory) throws(SystemError) {
        let available = try directory.read("cgroup.controllers").words
        let enabled = try directory.read("cgroup.subtree_control").words
        let missing = wanted.filter { available.contains($0) && !enabled.contains($0) }
        guard !missing.isEmpty else { return }
        // A cgroup other than the root, which has no type, would become threaded if it has processes and is asked for cpu, cpuset
        // and pids alone: then no process could be made below it.
        // One that is threaded already doesn't list its processes.
        if try directory.has("cgroup.type"), (try? directory.read("cgroup.procs"))?.isEmpty != true {
            denied = SystemError("write", errno: .EBUSY)
            return
        }
        do throws(SystemError) {
            try directory.write("cgroup.subtree_control", missing.map { "+" + $0 }.joined(UInt8(ascii: " ")))
        } catch {
            // All or none is the kernel's rule for one write: so each for itself. What is refused stays with the parent.
            for name in missing {
                do throws(SystemError) { try directory.write("cgroup.subtree_control", "+" + name) } catch { denied = error }
            }
        }
    }
}
