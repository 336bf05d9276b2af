public import Bytes
import CLinux
public import Errors

/// A procfs that nobody can have put another file into: the only way by which /proc is read or written.
///
/// Whoever can mount things over /proc/self/attr/exec or /proc/sys turns our writes to other files (CVE-2019-16884, CVE-2025-52881). So
/// the mount is one that only we have, or one whose root is checked; and no lookup crosses a mount or follows a link.
@frozen
public struct ProcFileSystem: ~Copyable {
    public let root: FileDescriptor

    private init(root: consuming FileDescriptor) { self.root = root }

    /// The host's, once it's shown to be a procfs from its root down, and of the caller's own pid namespace.
    @inline(never)
    public static func checked(_ path: ByteString = "/proc") throws(SystemError) -> ProcFileSystem {
        let root = try FileDescriptor.open(path, flags: [.path, .directory, .noFollow])
        guard try root.fileSystemMagic() == .proc, try root.status().inode == 1 else {
            throw SystemError("fstatfs", errno: .EOPNOTSUPP)
        }
        let checked = ProcFileSystem(root: root)
        guard try checked.own() == ByteString(decimal: getpid()) else { throw SystemError("readlinkat", errno: .ESRCH) }
        return checked
    }

    /// A private copy of the host's: for a user namespace that may mount none of its own. Whatever lies over parts of it isn't copied.
    public static func copied() throws(SystemError) -> ProcFileSystem {
        let root = try FileDescriptor.cloneTree("/proc", recursive: false)
        guard try root.fileSystemMagic() == .proc, try root.status().inode == 1 else {
            throw SystemError("fstatfs", errno: .EOPNOTSUPP)
        }
        return ProcFileSystem(root: root)
    }

    /// A mount of our own, attached nowhere, of the pid namespace that the caller is in. Needs CAP_SYS_ADMIN there.
    public static func detached() throws(SystemError) -> ProcFileSystem {
        let context = try FileSystemContext(type: "proc")
        return ProcFileSystem(
            root: try context.mount(
                attributes: [.noSetUserID, .noExecution, .noDevices]))
    }

    // Never inlined: every command calls it.
    /// The checked one, or where /proc is missing or belongs to another pid namespace one of our own.
    @inline(never)
    public static func forHost() throws(SystemError) -> ProcFileSystem {
        do throws(SystemError) {
            return try checked()
        } catch {
            return try detached()
        }
    }

    /// Opens a file that lies on this very mount.
    public borrowing func open(_ path: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try root.openResolving(
            path, flags: flags,
            resolve: [.beneath, .noMountCrossing, .noLinks, .noMagicLinks])
    }

    public borrowing func read(_ path: ByteString, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        try open(path, flags: .readOnly).readAll(limit: limit)
    }

    /// Writes all in one call, as these files want it.
    @inline(never)
    public borrowing func write(_ path: ByteString, _ bytes: [UInt8]) throws(SystemError) {
        let file = try open(path, flags: .writeOnly)
        guard bytes.withUnsafeBytes({ CLinux.write(file.rawValue, $0.baseAddress, bytes.count) }) == bytes.count else {
            throw .last("write")
        }
    }

    /// Where a link leads, as the kernel puts it. Nothing is opened.
    public borrowing func target(of link: ByteString) throws(SystemError) -> ByteString {
        try root.readLink(link)
    }

    /// The folder of the calling process: its number in the pid namespace that this procfs shows.
    public borrowing func own() throws(SystemError) -> ByteString {
        var link = [UInt8](repeating: 0, count: 16)
        let length = readlinkat(root.rawValue, "self", &link, link.count)
        guard length > 0 else { throw .last("readlinkat") }
        return ByteString(link[..<length])
    }

    /// What the kernel knows of a namespace of the process in `folder`. `kind`: its name in `/proc/PID/ns`.
    @inline(never)
    public borrowing func namespace(_ kind: ByteString, of folder: ByteString) throws(SystemError) -> FileStatus {
        try root.status(of: folder + "/ns/" + kind, followingLinks: true)
    }

    /// A descriptor that stands for that namespace: what setns(2) takes.
    public borrowing func openNamespace(_ kind: ByteString, of folder: ByteString) throws(SystemError) -> FileDescriptor {
        try root.open(folder + "/ns/" + kind, flags: .readOnly)
    }

    /// Whether the process in `folder` is in the same namespace as the calling process.
    public borrowing func sharesNamespace(_ kind: ByteString, with folder: ByteString) throws(SystemError) -> Bool {
        try namespace(kind, of: try own()).isSameFile(as: try namespace(kind, of: folder))
    }

    /// Whether the calling process is in another user namespace than the host's first one. Where this procfs can't tell, it isn't.
    @inline(never)
    public borrowing func isInUserNamespace() -> Bool {
        guard let own = try? own(), let map = try? read(own + "/uid_map") else { return false }
        return isPart(map)
    }

    /// When a process was born, in clock ticks since the machine's start, and its state letter. See proc(5), /proc/PID/stat.
    ///
    /// - Returns: nil where there is no such process.
    public borrowing func birth(of pid: Int32) throws(SystemError) -> (startTime: UInt64, state: UInt8)? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try read(ByteString(decimal: pid) + "/stat")
        } catch  where error.errno == .ENOENT || error.errno == .ESRCH {
            return nil
        }
        // The second field is the program's name in parentheses: it may hold anything, ")" too. What follows the last one is numbers.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { throw SystemError("read", errno: .EBADMSG) }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first,
            let time = ByteString(fields[19]).decimal(as: UInt64.self)
        else { throw SystemError("read", errno: .EBADMSG) }
        return (time, state)
    }
}
