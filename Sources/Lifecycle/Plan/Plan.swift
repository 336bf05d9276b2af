import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// All that `create` and `restore` decide before they change anything on the host. What can be refused is refused while this is made,
/// so that nothing has to be undone. Host and Init do what stands here, and don't look at the configuration again.
final class Plan: Sendable {
    let identity: ContainerIdentity
    let namespaces: NamespacePlan
    let namespaceFiles: NamespaceFiles
    /// Of the user namespace: what a new one gets, and what a joined one must have where they aren't empty.
    let idMappings: IDMappings
    let timeOffsets: TimeOffsets?
    let rootfs: RootfsPlan
    /// Whether the root is changed by pivot_root(2), which `--no-pivot` forbids.
    let pivots: Bool
    let sysctls: [SysctlPlan.Entry]
    /// nil where it stays what it is: left out, or of a UTS namespace that isn't the container's.
    let hostname: ByteString?
    let domainname: ByteString?
    /// nil where the container gets none: `--cgroup-manager disabled`.
    let cgroup: CgroupPlan?
    /// nil for a container that is made without a process.
    let process: ProcessPlan?
    let hooks: Hooks
    /// Whether the container gets a session keyring of its own, which `--no-new-keyring` forbids.
    let makesKeyring: Bool
    let announcement: Announcement
    /// What is left out or has no effect, in sentences.
    let warnings: [String]

    init(
        _ config: Config, _ options: CreateOptions, bundle: ByteString, _ namespaces: NamespacePlan, _ files: NamespaceFiles,
        filter: SeccompProgram?, _ facts: HostFacts
    ) throws(RuntimeError) {
        var warnings: [String] = []
        let linux = config.linux
        rootfs = try RootfsPlan(config, bundle: bundle, warnings: &warnings)
        identity = ContainerIdentity(
            id: options.id, ociVersion: config.ociVersion, bundle: bundle, rootfs: rootfs.path, annotations: config.annotations)
        self.namespaces = namespaces
        namespaceFiles = files
        idMappings = IDMappings(uids: linux.uidMappings, gids: linux.gidMappings)
        timeOffsets = linux.timeOffsets
        pivots = !options.noPivot
        process = config.process.map {
            ProcessPlan(
                $0, linux, filter: filter, preserving: options.preserveFDs, listening: options.listenFDs,
                grantable: facts.capabilities, isInUserNamespace: namespaces.has(.user), warnings: &warnings)
        }
        try Plan.refuseUnsupported(linux)
        sysctls = try SysctlPlan.entries(linux.sysctl) { namespaces.has($0) && !files.isHosts($0) }
        hostname = namespaces.has(.uts) ? config.hostname : nil
        domainname = namespaces.has(.uts) ? config.domainname : nil
        hooks = config.hooks
        makesKeyring = !options.noNewKeyring
        announcement = Announcement(pidFile: options.pidFile, pidfdSocket: options.pidfdSocket)
        self.warnings = warnings + config.unknownProperties.map { $0 + ": unknown property, ignored" }
        let isDelegated =
            namespaces.origin(of: .cgroup) == .new && namespaces.origin(of: .user) == .new && rootfs.showsCgroupsWritable
        let owner = isDelegated ? config.process.flatMap { linux.uidMappings.hostID(of: $0.user.uid) } : nil
        cgroup = try facts.cgroups.map { (cgroups) throws(RuntimeError) in
            try CgroupPlan(linux, id: options.id, owner: owner, cgroups)
        }
        try checkPaths()
        try checkMappings()
        try checkMounts(isRoot: facts.isRoot)
        try checkHooks()
    }

    /// Whether Host has to run hooks after the container's mounts are made and before its root is entered.
    var hasEarlyHooks: Bool { !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty }

    /// What Host and Init say to each other until the container is created.
    var script: Script {
        let hasNewUserNamespace = namespaces.origin(of: .user) == .new
        return .create(
            asksForMapping: hasNewUserNamespace && namespaces.isStaged, isMapped: hasNewUserNamespace,
            hasEarlyHooks: hasEarlyHooks)
    }

    /// The container's cgroups as a mount of type cgroup shows them. `cgroup`: the one that was made.
    func cgroupView(_ cgroup: Cgroup?) -> CgroupView {
        CgroupView(of: cgroup, namespaces, isUnifiedHost: self.cgroup?.isUnified == true)
    }

    private static func refuseUnsupported(_ linux: LinuxConfig) throws(RuntimeError) {
        let asked: [(Bool, String)] = [
            (linux.intelRdt != nil, "/linux/intelRdt"), (linux.memoryPolicy != nil, "/linux/memoryPolicy"),
            (!linux.netDevices.isEmpty, "/linux/netDevices"), (linux.mountLabel != nil, "/linux/mountLabel"),
        ]
        for (isAsked, pointer) in asked where isAsked {
            throw RuntimeError(
                .unsupported, "this property is not supported", pointer: pointer, hint: "remove it from config.json")
        }
    }

    // MARK: What doesn't go together

    private func checkPaths() throws(RuntimeError) {
        for (paths, pointer) in [(rootfs.maskedPaths, "/linux/maskedPaths"), (rootfs.readonlyPaths, "/linux/readonlyPaths")]
        where !namespaces.has(.mount) && !paths.isEmpty {
            throw RuntimeError(
                .invalidConfig, "paths can't be hidden without a mount namespace", pointer: pointer,
                hint: "add a namespace of type mount")
        }
    }

    private func checkMappings() throws(RuntimeError) {
        guard namespaces.origin(of: .user) == .new else { return }
        if idMappings.uids.isEmpty || idMappings.gids.isEmpty {
            throw RuntimeError(
                .invalidConfig, "a new user namespace needs both uidMappings and gidMappings", pointer: "/linux/uidMappings")
        }
        try idMappings.check("/linux")
        guard let user = process?.spec.user else { return }
        try checkMapped(user.uid, in: idMappings.uids, "/process/user/uid", "uidMappings")
        try checkMapped(user.gid, in: idMappings.gids, "/process/user/gid", "gidMappings")
        for (index, gid) in user.additionalGids.enumerated() {
            try checkMapped(gid, in: idMappings.gids, "/process/user/additionalGids/" + String(index), "gidMappings")
        }
    }

    private func checkMapped(_ id: UInt32, in mappings: [IDMapping], _ pointer: String, _ property: String) throws(RuntimeError) {
        guard mappings.hostID(of: id) != nil else {
            throw RuntimeError(
                .invalidConfig, String(id) + " has no place in the container's " + property, pointer: pointer,
                hint: "extend /linux/" + property + ", or choose an id that it maps")
        }
    }

    private func checkMounts(isRoot: Bool) throws(RuntimeError) {
        for mount in rootfs.mounts {
            guard let mapping = mount.idMapping else { continue }
            try IDMappings(uids: mapping.uids, gids: mapping.gids).check(mount.pointer)
            guard isRoot, namespaces.origin(of: .mount) == .new else {
                throw RuntimeError(
                    .unsupported, "an id mapping needs root on the host and a new mount namespace", pointer: mount.label)
            }
        }
    }

    private func checkHooks() throws(RuntimeError) {
        guard namespaces.isStaged, namespaces.origin(of: .pid) == .joined, !hooks.createContainer.isEmpty else { return }
        throw RuntimeError(
            .unsupported, "createContainer hooks would be seen, with the host's files, in the joined pid namespace",
            pointer: "/hooks/createContainer", hint: "use createRuntime hooks, or a pid namespace of the container's own")
    }
}
