import Bytes
import CLinux
import Errors
import Linux
import OCI

/// What the process that joins has to know.
struct ExecPlan {
    let id: ByteString
    /// CLONE_NEW… flags of the namespaces that aren't ours.
    let namespaces: UInt64
    /// The container's root, where that isn't the root of a mount namespace of its own.
    let root: SharedDescriptor?
    let hasOwnKeyring: Bool
    let execution: ProcessExecution
    let affinity: Affinity

    var descriptors: [Int32] { root.map { [$0.rawValue] } ?? [] }

    static func root(of pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> SharedDescriptor {
        try explaining(.namespace, "the container's root can't be opened") { () throws(SystemError) in
            SharedDescriptor(
                try FileDescriptor.open(
                    ByteString(decimal: pid) + "/root", at: procfs.root.rawValue, flags: O_PATH | O_DIRECTORY))
        }
    }

    /// Those that the configuration names, and what criu has added. The others the container shares with whoever created it, and with us.
    static func namespaces(of config: Config, _ record: ContainerRecord, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> UInt64
    {
        var flags = record.hasRestoredTimeNamespace ? c_new_time : 0
        for namespace in config.linux.namespaces { flags |= namespace.kind.flag }
        guard flags & c_new_user != 0 else { return flags }
        // The one that we're in already can't be joined (setns(2), EINVAL): a path may have led to it.
        let isOurs = try explaining(.namespace, "the container's user namespace can't be looked at") { () throws(SystemError) in
            let own = try procfs.namespaceStatus(try procfs.own(), "user")
            let theirs = try procfs.namespaceStatus(ByteString(decimal: record.pid), "user")
            return own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev
        }
        return isOurs ? flags & ~c_new_user : flags
    }
}
