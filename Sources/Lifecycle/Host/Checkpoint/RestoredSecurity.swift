import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// Checks that restored processes have no more rights than config.json gives them.
///
/// criu gives them what the image says, and the image may be forged (CVE-2024-8676). During the check all processes exist and
/// are stopped. If the check fails, the caller kills them before they have run.
final class RestoredSecurity {
    private let plan: Plan
    private let sources: MountSources
    private let cgroup: CgroupRecord?
    private let lsmProfile: ByteString?

    /// Prepares the check.
    ///
    /// - Parameters:
    ///   - plan: The container's plan.
    ///   - sources: What the container has mounted from the host.
    ///   - cgroup: The container's cgroup, if it has one.
    ///   - lsmProfile: The label that replaces that of config.json: `--lsm-profile`.
    init(_ plan: Plan, _ sources: MountSources, cgroup: CgroupRecord?, lsmProfile: ByteString?) {
        self.plan = plan
        self.sources = sources
        self.cgroup = cgroup
        self.lsmProfile = lsmProfile
    }

    /// Checks all processes.
    ///
    /// - Parameters:
    ///   - pid: The first process. The others are found as its descendants.
    ///   - procfs: The procfs to look at.
    /// - Throws: `checkpoint` if a process has more than it should, or can't be checked.
    func check(_ pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.checkRestoredProcesses)
        try checkMappings(of: pid, procfs)
        try checkJoined(pid, procfs)
        try checkMounts(of: pid, procfs)
        var left = [pid]
        var seen = SortedSet<Int32>()
        while let process = left.popLast() {
            guard seen.insert(process) else { continue }
            let birth = try read(process) { () throws(SystemError) in try procfs.birth(of: process) }
            // A process that has ended has no rights any more.
            guard birth?.state != UInt8(ascii: "Z") else { continue }
            try checkNamespaces(of: process, procfs)
            try checkCgroup(of: process, procfs)
            try checkLabel(of: process, isFirst: process == pid, procfs)
            let folder = ByteString(decimal: process) + "/task"
            let threads = try read(process) { () throws(SystemError) in
                try FileDescriptor.open(folder, at: procfs.root.rawValue, flags: [.readOnly, .directory]).entries()
            }
            for thread in threads {
                let folder = folder + "/" + thread.name
                try check(ProcessStatus(try content(of: folder + "/status", process, procfs)), process)
                let children = try content(of: folder + "/children", process, procfs)
                left += children.split(separator: UInt8(ascii: " ")).compactMap { ByteString($0).decimal() }
            }
        }
    }

    private func read<Result: ~Copyable>(_ process: Int32, _ body: () throws(SystemError) -> Result) throws(RuntimeError)
        -> Result
    {
        try explaining(.checkpoint, "restored process " + String(process) + " can't be looked at", body)
    }

    private func content(of file: ByteString, _ process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> [UInt8]
    {
        try read(process) { () throws(SystemError) in try procfs.read(file) }
    }

    private func mismatch(_ process: Int32, _ what: String, _ pointer: String) -> RuntimeError {
        RuntimeError(
            .checkpoint, "restored process " + String(process) + " " + what, pointer: pointer,
            hint: "restore the image with the configuration that its container was made with")
    }

    // MARK: Rights

    private var capabilities: CapabilityPlan { plan.process?.capabilities ?? .none }

    private func check(_ status: ProcessStatus, _ process: Int32) throws(RuntimeError) {
        let most =
            capabilities.bounding.bits | capabilities.permitted.bits | capabilities.inheritable.bits | capabilities.ambient.bits
        // A process can have fewer capabilities than at its start. By execve it can gain more, within these sets only.
        for (field, allowed) in [
            ("CapBnd:" as StaticString, capabilities.bounding.bits), ("CapPrm:", most), ("CapEff:", most), ("CapInh:", most),
            ("CapAmb:", most),
        ] {
            guard let found = status.hexadecimal(field), found & ~allowed == 0 else {
                throw mismatch(process, "has capabilities that the configuration doesn't give", "/process/capabilities")
            }
        }
        guard let planned = plan.process else { return }
        if planned.spec.noNewPrivileges, status.numbers("NoNewPrivs:") != [1] {
            throw mismatch(process, "may gain privileges", "/process/noNewPrivileges")
        }
        if planned.filter != nil, status.numbers("Seccomp:") != [2] {
            throw mismatch(process, "has no seccomp filter", "/linux/seccomp")
        }
        try checkUser(status, planned.spec, process)
    }

    /// Checks user and groups, if the process can neither change them nor run a program that does.
    private func checkUser(_ status: ProcessStatus, _ wanted: Process, _ process: Int32) throws(RuntimeError) {
        guard wanted.noNewPrivileges else { return }
        let (setGID, setUID) = (6, 7)
        let isMapped = plan.namespaces.origin(of: .user) == .new
        if !capabilities.bounding.contains(setUID) {
            let uid = isMapped ? plan.idMappings.uids.hostID(of: wanted.user.uid) : wanted.user.uid
            guard let ids = status.numbers("Uid:"), ids.allSatisfy({ $0 == uid }) else {
                throw mismatch(process, "runs as another user", "/process/user/uid")
            }
        }
        if !capabilities.bounding.contains(setGID) {
            let gid = isMapped ? plan.idMappings.gids.hostID(of: wanted.user.gid) : wanted.user.gid
            guard let ids = status.numbers("Gid:"), ids.allSatisfy({ $0 == gid }) else {
                throw mismatch(process, "runs with another group", "/process/user/gid")
            }
            let groups = wanted.user.additionalGids.map { isMapped ? plan.idMappings.gids.hostID(of: $0) : $0 } + [gid]
            guard let found = status.numbers("Groups:"), found.allSatisfy({ groups.contains($0) }) else {
                throw mismatch(process, "has other groups", "/process/user/additionalGids")
            }
        }
    }

    private func checkLabel(of process: Int32, isFirst: Bool, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let spec = plan.process?.spec else { return }
        var wanted = spec.apparmorProfile ?? ""
        var pointer = "/process/apparmorProfile"
        if wanted.isEmpty {
            wanted = spec.selinuxLabel ?? ""
            pointer = "/process/selinuxLabel"
        }
        if let (_, label) = lsmProfile?.splitOnce(separator: UInt8(ascii: ":")), !label.isEmpty { wanted = label }
        guard !wanted.isEmpty else { return }
        let folder = ByteString(decimal: process)
        let current = (try? procfs.read(folder + "/attr/apparmor/current")) ?? (try? procfs.read(folder + "/attr/current")) ?? []
        let name = ByteString(current.split { $0 == 0 || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }.first ?? [])
        // Other processes than the first may have changed to another profile, as their profile permits. But they must have one.
        guard name == wanted || !isFirst && !name.isEmpty && name != "unconfined" else {
            throw mismatch(process, "isn't under the label \"" + wanted.displayText + "\"", pointer)
        }
    }

    // MARK: Surroundings

    private func checkMappings(of process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard plan.namespaces.origin(of: .user) == .new else { return }
        for (wanted, file, pointer) in [
            (plan.idMappings.uids, "/uid_map" as ByteString, "/linux/uidMappings"),
            (plan.idMappings.gids, "/gid_map", "/linux/gidMappings"),
        ] {
            let text = try content(of: ByteString(decimal: process) + file, process, procfs)
            guard UserNamespace.areSame(text, wanted) else {
                throw mismatch(process, "is in a user namespace with other mappings", pointer)
            }
        }
    }

    /// Checks that the process is in no namespace of the host for which the container has another.
    private func checkNamespaces(of process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        // Except the time namespace, since criu gives one to every container.
        for kind in Namespace.Kind.allCases where plan.namespaces.has(kind) && kind != .time && !plan.namespaceFiles.isHosts(kind)
        {
            let isHosts = try read(process) { () throws(SystemError) in
                try procfs.sharesNamespace(kind.fileName, with: ByteString(decimal: process))
            }
            guard !isHosts else {
                throw mismatch(process, "is in the host's " + kind.name.description + " namespace", "/linux/namespaces")
            }
        }
    }

    private func checkJoined(_ process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        for join in plan.namespaces.joins where join.kind != .time {
            guard let file = plan.namespaceFiles.file(of: join.kind) else { continue }
            let (wanted, found) = try read(process) { () throws(SystemError) in
                (
                    try file.file.status(),
                    try procfs.namespace(join.kind.fileName, of: ByteString(decimal: process))
                )
            }
            guard wanted.isSameFile(as: found) else {
                throw mismatch(process, "isn't in the namespace " + join.path.displayText, join.pointer)
            }
        }
    }

    private func checkCgroup(of process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let cgroup else { return }
        let wanted = "/" + cgroup.path
        let text = try read(process) { () throws(SystemError) in try procfs.read(ByteString(decimal: process) + "/cgroup") }
        for membership in CgroupMembership.parse(text) {
            guard cgroup.groups.contains(where: { $0.subsystems == membership.subsystems }) else { continue }
            guard membership.path == wanted || membership.path.hasPrefix(wanted + "/") else {
                throw mismatch(process, "is in another cgroup, " + membership.path.displayText, "/linux/cgroupsPath")
            }
        }
    }

    /// Checks what is mounted at the destinations of config.json's mounts. A container that has CAP_SYS_ADMIN isn't checked: it
    /// may have changed its mounts, and is permitted to.
    private func checkMounts(of process: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        let sysAdmin = 21
        guard !capabilities.bounding.contains(sysAdmin) else { return }
        let root = RootedDirectory(
            adopting: try read(process) { () throws(SystemError) in
                try FileDescriptor.open(
                    ByteString(decimal: process) + "/root", at: procfs.root.rawValue, flags: [.path, .directory])
            })
        if plan.rootfs.isReadOnly {
            let attributes = try read(process) { () throws(SystemError) in try root.descriptor.mountRestrictions() }
            guard attributes.contains(.readOnly) else {
                throw mismatch(process, "may write to its root", "/root/readonly")
            }
        }
        for (place, mount) in plan.rootfs.mounts.enumerated() {
            let isCovered = plan.rootfs.mounts[(place + 1)...].contains {
                $0.destination == mount.destination || mount.destination.hasPrefix($0.destination + "/")
            }
            if isCovered { continue }
            try check(mount, root, process)
        }
    }

    private func check(_ mount: MountStep, _ root: borrowing RootedDirectory, _ process: Int32) throws(RuntimeError) {
        let wanted = mount.attributes.set.intersection(.restrictions)
        switch mount.kind {
        case .remount, .cgroup: return
        case .bind, .fileSystem: break
        }
        let file = try explaining(
            .checkpoint, "the restored mount isn't there", pointer: mount.label, root.open(mount.destination))
        let found = try read(process) { () throws(SystemError) in try file.mountRestrictions() }
        guard found.isSuperset(of: wanted) else {
            throw mismatch(process, "has a mount with more rights", mount.label)
        }
        guard case .tree(let source)? = sources.binds[mount.index] else { return }
        let isSame = try read(process) { () throws(SystemError) in
            try source.file.status().isSameFile(as: try file.status())
        }
        guard isSame else { throw mismatch(process, "has something else mounted", mount.label) }
    }
}
