import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

extension ExecPlan {
    /// Makes the plan for a process in a container, and warns of what has no effect.
    ///
    /// - Parameters:
    ///   - options: The options of `exec`.
    ///   - process: The process to run.
    ///   - record: The container's record.
    ///   - config: The configuration that was kept when the container was created.
    ///   - settings: The global options.
    ///   - procfs: The host's procfs.
    /// - Throws: An error if the process can't be run as asked for.
    init(
        _ options: ExecOptions, _ process: Process, in record: ContainerRecord, _ config: Config, _ settings: GlobalSettings,
        _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        guard options.cgroups.isEmpty || record.cgroup != nil else {
            throw RuntimeError(.usage, "--cgroup: the container has no cgroup")
        }
        let filter = try seccompProgram(for: config, settings.log)
        step(.plan)
        let namespaces = try ExecPlan.namespaces(of: config, record, procfs)
        var warnings: [String] = []
        self.init(
            id: record.id, namespaces: namespaces,
            root: !namespaces.contains(.mount) ? try ExecPlan.root(of: record.pid, procfs) : nil,
            joinsKeyring: record.hasOwnKeyring,
            process: ProcessPlan(
                process, config, filter: filter, preserving: options.preserveFDs, listening: 0,
                grantable: try HostFacts.ownCapabilities(), isInUserNamespace: namespaces.contains(.user), warnings: &warnings),
            affinity: Affinity(process.execCPUAffinity ?? config.process?.execCPUAffinity), cgroup: record.cgroup,
            resctrl: record.made.resctrl, subgroups: options.cgroups,
            announcement: Announcement(pidFile: options.pidFile, pidfdSocket: options.pidfdSocket))
        for warning in warnings { settings.log.warn(warning) }
    }

    private static func root(of pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> SharedDescriptor {
        try explaining(
            .namespace, "the container's root can't be opened",
            SharedDescriptor(
                try FileDescriptor.open(
                    ByteString(decimal: pid) + "/root", at: procfs.root.rawValue, flags: [.path, .directory])))
    }

    /// The namespaces to join: those that the configuration names, and the time namespace that criu may have added. The
    /// container has all others in common with the process that created it, and with us.
    private static func namespaces(of config: Config, _ record: ContainerRecord, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError) -> NamespaceKinds
    {
        var kinds: NamespaceKinds = record.hasRestoredTimeNamespace ? .time : []
        for namespace in config.linux.namespaces { kinds.insert(namespace.kind.flag) }
        guard kinds.contains(.user) else { return kinds }
        // setns(2) refuses the user namespace that we're in already (EINVAL). The path in the configuration may name that one.
        let isOurs = try explaining(
            .namespace, "the container's user namespace can't be looked at",
            procfs.sharesNamespace("user", with: ByteString(decimal: record.pid)))
        return isOurs ? kinds.subtracting(.user) : kinds
    }
}
