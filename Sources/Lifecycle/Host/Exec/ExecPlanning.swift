import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI
import Seccomp

extension ExecPlan {
    init(
        _ options: ExecOptions, _ process: Process, in record: ContainerRecord, _ config: Config, _ settings: GlobalSettings,
        _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        guard options.cgroups.isEmpty || record.cgroup != nil else {
            throw RuntimeError(.usage, "--cgroup: the container has no cgroup")
        }
        let filter = try seccompProgram(for: config, settings.log)
        step("plan")
        let namespaces = try ExecPlan.namespaces(of: config, record, procfs)
        var warnings: [String] = []
        self.init(
            id: record.id, namespaces: namespaces,
            root: namespaces & c_new_mount == 0 ? try ExecPlan.root(of: record.pid, procfs) : nil,
            joinsKeyring: record.hasOwnKeyring,
            process: ProcessPlan(
                process, config.linux, filter: filter, preserving: options.preserveFDs, listening: 0,
                grantable: try HostFacts.ownCapabilities(), isInUserNamespace: namespaces & c_new_user != 0, warnings: &warnings),
            affinity: Affinity(process.execCPUAffinity ?? config.process?.execCPUAffinity), cgroup: record.cgroup,
            subgroups: options.cgroups,
            announcement: Announcement(pidFile: options.pidFile, pidfdSocket: options.pidfdSocket))
        for warning in warnings { settings.log.warn(warning) }
    }

    private static func root(of pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> SharedDescriptor {
        try explaining(.namespace, "the container's root can't be opened") { () throws(SystemError) in
            SharedDescriptor(
                try FileDescriptor.open(
                    ByteString(decimal: pid) + "/root", at: procfs.root.rawValue, flags: O_PATH | O_DIRECTORY))
        }
    }

    /// Those that the configuration names, and what criu has added. The others the container shares with whoever created it, and with us.
    private static func namespaces(of config: Config, _ record: ContainerRecord, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError) -> UInt64
    {
        var flags = record.hasRestoredTimeNamespace ? c_new_time : 0
        for namespace in config.linux.namespaces { flags |= namespace.kind.flag }
        guard flags & c_new_user != 0 else { return flags }
        // The one that we're in already can't be joined (setns(2), EINVAL): a path may have led to it.
        let isOurs = try explaining(.namespace, "the container's user namespace can't be looked at") { () throws(SystemError) in
            try procfs.sharesNamespace("user", with: ByteString(decimal: record.pid))
        }
        return isOurs ? flags & ~c_new_user : flags
    }
}
