import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// Everything that `create` and `restore` decide before they change anything on the host.
///
/// Whatever can be refused is refused while the plan is made, when nothing has to be undone yet. Host and Init carry the plan
/// out, and don't look at the configuration again.
final class Plan: Sendable {
    let identity: ContainerIdentity
    let namespaces: NamespacePlan
    let namespaceFiles: NamespaceFiles
    /// The mappings of the user namespace. A new one gets them. A joined one must have them already, unless they're empty.
    let idMappings: IDMappings
    let timeOffsets: TimeOffsets?
    /// The network devices of the host to move into the container.
    let netDevices: [NetDevice]
    let rootfs: RootfsPlan
    /// Whether pivot_root(2) changes the root. `--no-pivot` forbids that.
    let pivots: Bool
    let sysctls: [SysctlPlan.Entry]
    /// nil if the host name isn't changed: config.json doesn't set it, or names no UTS namespace.
    let hostname: ByteString?
    let domainname: ByteString?
    /// nil if the container gets no cgroup: `--cgroup-manager disabled`.
    let cgroup: CgroupPlan?
    /// nil if config.json has no `intelRdt`: then wherry leaves resctrl file systems alone.
    let resctrl: ResctrlPlan?
    /// nil for a container without a process, which can't be started.
    let process: ProcessPlan?
    let hooks: Hooks
    /// Whether the container gets a session keyring of its own. `--no-new-keyring` forbids that.
    let makesKeyring: Bool
    /// Whether the container gets a socket for sd_notify(3).
    let notifies: Bool
    let announcement: Announcement
    /// Sentences about properties that are left out or have no effect.
    let warnings: [String]

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - config: The configuration.
    ///   - options: The options of the command.
    ///   - bundle: The absolute path of the bundle.
    ///   - namespaces: The namespaces to make and to join.
    ///   - files: The namespaces to join, opened.
    ///   - filter: The compiled seccomp filter, if there is one.
    ///   - facts: What the host has and permits.
    /// - Throws: `invalidConfig` or `unsupported`, with the JSON pointer of the property that is refused.
    init(
        _ config: Config, _ options: CreateOptions, bundle: ByteString, _ namespaces: NamespacePlan, _ files: NamespaceFiles,
        filter: SeccompProgram?, _ facts: HostFacts
    ) throws(RuntimeError) {
        var warnings: [String] = []
        let linux = config.linux
        notifies = options.notifyFolder != nil && NotifyPlace.isWanted(by: config)
        rootfs = try RootfsPlan(
            config, bundle: bundle, notifyFolder: notifies ? options.notifyFolder : nil, label: facts.labels.mounts,
            warnings: &warnings)
        identity = ContainerIdentity(
            id: options.id, ociVersion: config.ociVersion, bundle: bundle, rootfs: rootfs.path, annotations: config.annotations)
        self.namespaces = namespaces
        namespaceFiles = files
        idMappings = IDMappings(uids: linux.uidMappings, gids: linux.gidMappings)
        timeOffsets = linux.timeOffsets
        netDevices = linux.netDevices
        pivots = !options.noPivot
        let environment = notifies ? [NotifyPlace.environment] : []
        process = config.process.map {
            ProcessPlan(
                $0.adding(environment, label: facts.labels.process), config, filter: filter, preserving: options.preserveFDs,
                listening: options.listenFDs,
                grantable: facts.capabilities, isInUserNamespace: namespaces.has(.user), warnings: &warnings)
        }
        resctrl = linux.intelRdt.map { ResctrlPlan($0, id: options.id) }
        sysctls = try SysctlPlan.entries(linux.sysctl) { namespaces.has($0) && !files.isHosts($0) }
        hostname = namespaces.has(.uts) ? config.hostname : nil
        domainname = namespaces.has(.uts) ? config.domainname : nil
        hooks = config.hooks
        makesKeyring = !options.noNewKeyring
        announcement = Announcement(pidFile: options.pidFile, pidfdSocket: options.pidfdSocket)
        self.warnings = warnings + Plan.warnings(ofUnknown: config.unknownProperties)
        let isDelegated =
            namespaces.origin(of: .cgroup) == .new && namespaces.origin(of: .user) == .new && rootfs.showsCgroupsWritable
        let owner = isDelegated ? config.process.flatMap { linux.uidMappings.hostID(of: $0.user.uid) } : nil
        cgroup = try facts.cgroups.map { (cgroups) throws(RuntimeError) in
            try CgroupPlan(config, id: options.id, owner: owner, cgroups)
        }
        try checkMountNamespace()
        try checkMappings()
        try checkMounts(isRoot: facts.isRoot)
        try checkHooks()
    }

    /// Whether there are hooks that Host runs between the container's mounts and the change of its root.
    var hasEarlyHooks: Bool { !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty }

    /// Whether Init waits after its mounts, since Host has something to do before the change of root: moves network devices,
    /// runs hooks, or notes in the record that poststop hooks must run, before a createContainer hook does anything.
    var waitsForHost: Bool { hasCreationHooks || !netDevices.isEmpty }

    /// The warnings of unknown properties, which are given as JSON pointers.
    static func warnings(ofUnknown properties: [String]) -> [String] { properties.map { $0 + ": unknown property, ignored" } }

    /// Whether hooks run before the container is created.
    var hasCreationHooks: Bool { hasEarlyHooks || !hooks.createContainer.isEmpty }

    /// Whether Init waits for its unit before it enters a user namespace. There it may become a user for whose processes the
    /// manager of our user refuses to make units. Without a user namespace, Init goes on as long as it doesn't need its cgroup.
    var isPlacedFirst: Bool { cgroup?.unit != nil && namespaces.has(.user) }

    /// The messages between Host and Init until the container is created.
    var script: Script {
        let hasNewUserNamespace = namespaces.origin(of: .user) == .new
        return .create(
            isPlaced: cgroup?.unit != nil, asksForMapping: hasNewUserNamespace && namespaces.isStaged,
            isMapped: hasNewUserNamespace,
            waitsForHost: waitsForHost)
    }

    /// The container's cgroups as a mount of type cgroup shows them.
    ///
    /// - Parameter cgroup: The cgroup that was made, if there is one.
    /// - Returns: The view of the container.
    func cgroupView(_ cgroup: Cgroup?) -> CgroupView {
        CgroupView(of: cgroup, namespaces, isUnifiedHost: self.cgroup?.isUnified == true)
    }

    // MARK: What doesn't go together

    /// Without a mount namespace, refuses what would change the host's own mounts, and what nothing would take back.
    private func checkMountNamespace() throws(RuntimeError) {
        guard !namespaces.has(.mount) else { return }
        let hint = "add a namespace of type mount"
        for (paths, pointer) in [(rootfs.maskedPaths, "/linux/maskedPaths"), (rootfs.readonlyPaths, "/linux/readonlyPaths")]
        where !paths.isEmpty {
            throw RuntimeError(
                .invalidConfig, "paths can't be hidden without a mount namespace", pointer: pointer, hint: hint)
        }
        if rootfs.isReadOnly {
            throw RuntimeError(
                .invalidConfig, "the root can't be read-only without a mount namespace", pointer: "/root/readonly", hint: hint)
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
