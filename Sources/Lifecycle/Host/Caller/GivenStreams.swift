import Bytes
import Linux
import OCI

/// Standard streams of the caller's that become those of a process in the container.
///
/// Its user is to open /dev/stdout and /dev/stderr by name, too, and that takes the owner's rights. So streams that belong to the caller
/// pass to that user, as with runc and crun; but not all that these pass on:
///
/// - never a device: its owner would change for the whole host;
/// - no file of somebody else's;
/// - no plain file that was only opened to read: `run ID </etc/hosts` isn't meant to give /etc/hosts away.
///
/// Host does it, before it lets the process go: in a user namespace the process itself has no rights on files of ids that aren't mapped.
enum GivenStreams {
    /// `user`: as it's numbered in the user namespace of the process `pid`.
    static func give(to user: UInt32, of pid: Int32, inUserNamespace: Bool, _ procfs: borrowing ProcFileSystem) {
        // They are his already.
        guard inUserNamespace || user != Credentials.effectiveUser else { return }
        let streams = ([0, 1, 2] as [Int32]).filter(isToBeGiven)
        guard !streams.isEmpty, let owner = inUserNamespace ? outside(user, of: pid, procfs) : user,
            owner != Credentials.effectiveUser
        else {
            return
        }
        // A read-only file system, for one, forbids it: the process can still use what it has open.
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

    /// Our own number for a user of another user namespace: nil where it has none.
    private static func outside(_ user: UInt32, of pid: Int32, _ procfs: borrowing ProcFileSystem) -> UInt32? {
        let folder = ByteString(decimal: pid)
        // Of our own namespace the file would show the numbers of the one above.
        if (try? procfs.sharesNamespace("user", with: folder)) == true { return user }
        return (try? procfs.read(folder + "/uid_map")).flatMap { UserNamespace.mappings(in: $0).hostID(of: user) }
    }
}
