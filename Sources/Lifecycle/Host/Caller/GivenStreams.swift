import Bytes
import Linux
import OCI

/// The caller's standard streams, which a process in the container inherits.
///
/// The user of that process must be able to open /dev/stdout and /dev/stderr by name too, which usually takes the owner's
/// rights. So, like runc and crun, Host makes that user the owner of the caller's pipes, sockets and regular files. Unlike runc
/// and crun, Host never gives away:
///
/// - a device: its owner would change for the whole host;
/// - a file that doesn't belong to the caller;
/// - a regular file that is open for reading only: `run ID </etc/hosts` must not give /etc/hosts away.
///
/// Host does this before it releases the process. In a user namespace the process itself has no rights on files whose owner
/// isn't mapped.
enum GivenStreams {
    /// Makes a user the owner of those standard streams that may be given away. Errors are ignored.
    ///
    /// - Parameters:
    ///   - user: The user's id, as the process `pid` sees it.
    ///   - pid: The process in the container.
    ///   - inUserNamespace: Whether the container has a user namespace.
    ///   - procfs: The host's procfs.
    static func give(to user: UInt32, of pid: Int32, inUserNamespace: Bool, _ procfs: borrowing ProcFileSystem) {
        // The streams that may be given away belong to this user already.
        guard inUserNamespace || user != Credentials.effectiveUser else { return }
        let streams = ([0, 1, 2] as [Int32]).filter(isToBeGiven)
        guard !streams.isEmpty, let owner = inUserNamespace ? outside(user, of: pid, procfs) : user,
            owner != Credentials.effectiveUser
        else {
            return
        }
        // This fails, for example, on a read-only file system. The process can still use the open descriptors.
        for stream in streams { try? FileDescriptor.setOwner(of: stream, user: owner) }
    }

    private static func isToBeGiven(_ stream: Int32) -> Bool {
        guard let status = try? FileStatus(of: stream), status.user == Credentials.effectiveUser else { return false }
        switch status.kind {
        case .fifo, .socket: return true
        case .regular: return (try? FileDescriptor.openFlags(of: stream))?.isDisjoint(with: [.writeOnly, .readWrite]) == false
        default: return false
        }
    }

    /// The id that a user of the process's user namespace has in ours, or nil if it has none.
    private static func outside(_ user: UInt32, of pid: Int32, _ procfs: borrowing ProcFileSystem) -> UInt32? {
        let folder = ByteString(decimal: pid)
        // For our own user namespace, uid_map would show the ids of the parent namespace.
        if (try? procfs.sharesNamespace("user", with: folder)) == true { return user }
        return (try? procfs.read(folder + "/uid_map")).flatMap { UserNamespace.mappings(in: $0).hostID(of: user) }
    }
}
