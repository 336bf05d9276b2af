import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Makes the cgroup's directories, and on cgroup v2 hands controllers down from the parents to the cgroup.
    ///
    /// - Parameters:
    ///   - needs: the v2 controllers that the limits need on a hybrid host: `ResourcePlan.unifiedControllers`. On a
    ///     host with cgroup v2 alone, all controllers are handed down.
    ///   - process: the unit's first process, if the cgroup is below the unit's. It is moved into the v2 cgroup, because the
    ///     unit's cgroup can't hand controllers down while it has processes.
    /// - Throws: `cgroup` if the cgroup can't be made or is in use. All directories that were made are removed again.
    public func create(needs: ControllerSet = [], moving process: Int32? = nil) throws(RuntimeError) {
        do throws(RuntimeError) {
            for group in groups {
                guard try make(group) else { continue }
                if group.existing == path.components.count { try refuseInUse(group) }
                if group.controllers.contains(.cpuset) { try fillCpuset(group) }
                if let process, group.version == .v2 { try move(process, to: group) }
                if group.version == .v2, isUnified || !needs.isEmpty { try handDown(to: group, wanted: isUnified ? nil : needs) }
            }
        } catch {
            undo()
            throw error
        }
    }

    /// Removes the directories that `create` made, if no process has been in them.
    public func undo() {
        for group in groups { _ = removeOwn(group) }
    }

    /// Finds out how many components of the path exist, and sets `existing`. The search goes upwards from the cgroup, because
    /// usually only the last component is missing.
    func survey(_ group: Group) throws(RuntimeError) {
        var count = path.components.count
        try explaining(.cgroup, "can't look for the cgroup", path: group.mountPoint) { () throws(SystemError) in
            try group.withRoot { root throws(SystemError) in
                while count > 0, try !Cgroup.isThere(path.prefix(count), in: root) { count -= 1 }
            }
        }
        group.existing = count
    }

    private static func isThere(_ path: ByteString, in root: borrowing FileDescriptor) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try root.contains(path)
        } catch  where error.errno == .EACCES {
            // mkdir fails for such a path and reports the reason.
            return false
        }
    }

    /// Makes the missing directories. The answer is false if that isn't allowed, but `access` is optional: the group is removed
    /// from `groups` then.
    private func make(_ group: Group) throws(RuntimeError) -> Bool {
        // A parent may vanish meanwhile: deleting the last container in a parent removes the parent too.
        var attempts = 0
        while true {
            do throws(SystemError) {
                try makeMissing(group)
                return true
            } catch {
                if error.errno == .ENOENT, attempts < 16 {
                    attempts += 1
                    try survey(group)
                    continue
                }
                if access == .optional, [.EACCES, .EPERM, .EROFS].contains(error.errno) {
                    _ = removeOwn(group)
                    groups.removeAll { $0 === group }
                    denied = error
                    return false
                }
                throw RuntimeError(
                    .cgroup, "can't make the cgroup" + group.reason(for: error), error, path: group.place(),
                    hint: Cgroup.hint(for: error, version: group.version))
            }
        }
    }

    private func makeMissing(_ group: Group) throws(SystemError) {
        let before = group.existing
        guard before < path.components.count else { return }
        for count in (before + 1)...path.components.count {
            try group.withRoot { root throws(SystemError) in
                do throws(SystemError) {
                    try root.makeDirectory(path.prefix(count), mode: 0o755)
                } catch {
                    guard error.errno == .EEXIST else { throw error }
                    // Another program made the directory meanwhile, so the directory isn't ours to remove.
                    if count < unitDepth ?? Int.max { group.existing = count }
                }
            }
        }
    }

    private func move(_ process: Int32, to group: Group) throws(RuntimeError) {
        try explaining(
            .cgroup, "can't move the container's first process into the cgroup", path: group.place(),
            group.directory().write("cgroup.procs", ByteString(decimal: process)))
    }

    /// Refuses an existing cgroup that has processes or is frozen: config-linux.md, "Control groups".
    ///
    /// Processes in the cgroups below count as well, because ending the container ends all processes in and below its cgroup.
    private func refuseInUse(_ group: Group) throws(RuntimeError) {
        let place = group.place()
        let (populated, frozen) = try explaining(.cgroup, "can't look into the cgroup", path: place) {
            () throws(SystemError) -> (Bool, Bool) in
            let directory = try group.directory()
            if group.version == .v2 {
                let events = KeyedValues(try directory.read("cgroup.events"))
                return (events["populated"] == 1, events["frozen"] == 1)
            }
            let state = group.controllers.contains(.freezer) ? try directory.readIfPresent("freezer.state") : nil
            return (try !directory.processes().isEmpty, state.map { $0 != "THAWED" } ?? false)
        }
        guard populated || frozen else { return }
        throw RuntimeError(
            .cgroup, "the cgroup exists already and " + (populated ? "has processes in it or below it" : "is frozen"),
            pointer: "/linux/cgroupsPath", path: place,
            hint: populated ? "choose a cgroup of the container's own" : "thaw it, or choose another cgroup")
    }

    /// Gives a v1 cpuset its parent's CPUs and memory nodes. A new one has none, and the kernel lets no process in.
    private func fillCpuset(_ group: Group) throws(RuntimeError) {
        for file: ByteString in ["cpuset.cpus", "cpuset.mems"] {
            try explaining(.cgroup, "can't give the cgroup its parent's " + file.displayText, path: group.place()) {
                () throws(SystemError) in
                _ = try group.withRoot { root throws(SystemError) in
                    try inherit(file, depth: path.components.count, existing: group.existing, root: root)
                }
            }
        }
    }

    private func inherit(_ file: ByteString, depth: Int, existing: Int, root: borrowing FileDescriptor) throws(SystemError)
        -> ByteString
    {
        let name = depth == 0 ? file : path.prefix(depth) + "/" + file
        if depth <= existing {
            let own = ByteString(try root.readFile(name, isOneRecord: true)).trimmed
            if !own.isEmpty || depth == 0 { return own }
        }
        let value = try inherit(file, depth: depth - 1, existing: existing, root: root)
        try root.writeFile(name, value.bytes)
        return value
    }

    static func hint(for error: SystemError, version: Hierarchy.Version) -> String? {
        switch error.errno {
        case .EROFS: "mount it writable, or do without cgroups: --cgroup-manager disabled"
        case .EACCES, .EPERM:
            version == .v2
                ? "run as root, or in a cgroup that was delegated to you, as systemd-run --user --scope -p Delegate=yes gives"
                : "run as root: cgroup v1 can't be delegated to users"
        case .EBUSY where version == .v2:
            "move the parent's processes to a cgroup of their own: one that has processes can't hand controllers down"
        case .EAGAIN: "raise the parent's cgroup.max.depth or cgroup.max.descendants"
        default: nil
        }
    }
}

extension Group {
    /// The explanation of an error for messages, as part of a sentence; empty if there is none.
    func reason(for error: SystemError) -> String {
        error.errno == .EROFS ? ", since " + mountPoint.displayText + " is mounted read-only" : ""
    }
}
