import Bytes
public import Errors
import Linux

extension Cgroup {
    /// Makes its directories, and on cgroup v2 hands the parents' controllers down to it.
    ///
    /// On failure nothing of what was made is left.
    ///
    /// `needs` are the controllers of a v2 hierarchy beside v1 ones that limits ask for: `ResourcePlan.unifiedControllers`. A
    /// unified host hands down all there are.
    public func create(needs: ControllerSet = []) throws(RuntimeError) {
        do throws(RuntimeError) {
            for group in groups {
                guard try make(group) else { continue }
                if group.existing == path.components.count { try refuseInUse(group) }
                if group.controllers.contains(.cpuset) { try fillCpuset(group) }
                if group.version == .v2, isUnified || !needs.isEmpty { try handDown(to: group, wanted: isUnified ? nil : needs) }
            }
        } catch {
            undo()
            throw error
        }
    }

    /// Removes what `create` made, as far as it's empty: it is when no process has been in it.
    public func undo() {
        for group in groups { _ = removeOwn(group) }
    }

    /// How much of the path is there: upwards from the cgroup, since usually all is but the last.
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
            // A path that may not be searched is found out by mkdir, with its reason.
            return false
        }
    }

    /// Makes the missing directories. False where that isn't allowed and needn't be: then the group is dropped.
    private func make(_ group: Group) throws(RuntimeError) -> Bool {
        // A parent may vanish in between, when the last container in it is deleted at the same time.
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
                    // Somebody else was faster: it's theirs.
                    group.existing = count
                }
            }
        }
    }

    /// Another container's cgroup, or one that is frozen, isn't fit for a new one: config-linux.md, "Control groups". Processes in
    /// the cgroups below count as well: what ends the container's processes ends all from its cgroup down.
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

    /// A new v1 cpuset is empty, and takes no process before it has CPUs and memory nodes: its parent's.
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
            let own = ByteString(try root.readFile(name)).trimmed
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
    /// What there is to say of an error beside its name, as a part of a sentence.
    func reason(for error: SystemError) -> String {
        error.errno == .EROFS ? ", since " + mountPoint.displayText + " is mounted read-only" : ""
    }
}
