import Bytes
import Errors
import Linux

extension Cgroup {
    /// Hands controllers down from the root of a v2 hierarchy to the cgroup.
    ///
    /// A cgroup has those controllers that are listed in cgroup.subtree_control of its parent: cgroups(7). A controller that
    /// can't be handed down isn't an error here. If a limit needs the controller, `apply` fails.
    ///
    /// - Parameters:
    ///   - group: the container's group in the v2 hierarchy.
    ///   - wanted: the controllers; nil for all that the root has.
    /// - Throws: `cgroup` if files can't be read or written, or if a parent is threaded.
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

    /// Enables controllers for the cgroups below a directory. Those that can't be enabled are left out.
    func enable(_ wanted: [ByteString], in directory: CgroupDirectory) throws(SystemError) {
        let available = try directory.read("cgroup.controllers").words
        let enabled = try directory.read("cgroup.subtree_control").words
        let missing = wanted.filter { available.contains($0) && !enabled.contains($0) }
        guard !missing.isEmpty else { return }
        // The kernel would make a cgroup threaded if it has processes and only cpu, cpuset and pids are enabled in it. Then no
        // process could be made below it. Only the root, which has no file cgroup.type, is exempt. A cgroup that is threaded
        // already doesn't list its processes: reading cgroup.procs fails.
        if try directory.has("cgroup.type"), (try? directory.read("cgroup.procs"))?.isEmpty != true {
            denied = SystemError("write", errno: .EBUSY)
            return
        }
        do throws(SystemError) {
            try directory.write("cgroup.subtree_control", missing.map { "+" + $0 }.joined(UInt8(ascii: " ")))
        } catch {
            // If one controller is refused, the kernel enables none of the same write. So each is tried alone.
            for name in missing {
                do throws(SystemError) { try directory.write("cgroup.subtree_control", "+" + name) } catch { denied = error }
            }
        }
    }
}
