public import Bytes
import CLinux
public import Errors

/// A procfs in which no other process can replace files.
///
/// A process that can mount over /proc/self/attr/exec or /proc/sys redirects our writes to other files (CVE-2019-16884,
/// CVE-2025-52881). So this procfs is either a mount of our own or one whose root is checked, and no lookup crosses a mount or
/// follows a link.
@frozen
public struct ProcFileSystem: ~Copyable {
    public let root: FileDescriptor

    private init(root: consuming FileDescriptor) { self.root = root }

    /// Opens the host's procfs, after checks that the path is the root of a procfs, and that it's the one of the caller's pid
    /// namespace.
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

    /// Makes a private copy of the host's mount, for a user namespace that may not mount a procfs of its own. Mounts over parts
    /// of /proc aren't copied.
    public static func copied() throws(SystemError) -> ProcFileSystem {
        let root = try FileDescriptor.cloneTree("/proc", recursive: false)
        guard try root.fileSystemMagic() == .proc, try root.status().inode == 1 else {
            throw SystemError("fstatfs", errno: .EOPNOTSUPP)
        }
        return ProcFileSystem(root: root)
    }

    /// Makes a new, detached mount for the caller's pid namespace. Needs CAP_SYS_ADMIN in the user namespace that owns that pid
    /// namespace.
    public static func detached() throws(SystemError) -> ProcFileSystem {
        let context = try FileSystemContext(type: "proc")
        return ProcFileSystem(
            root: try context.mount(
                attributes: [.noSetUserID, .noExecution, .noDevices]))
    }

    // Never inlined: every command calls it.
    /// The host's procfs, or a new one if the checks fail: /proc may be missing or belong to another pid namespace.
    @inline(never)
    public static func forHost() throws(SystemError) -> ProcFileSystem {
        do throws(SystemError) {
            return try checked()
        } catch {
            return try detached()
        }
    }

    /// Opens a file on this mount. The lookup crosses no mount and follows no link.
    public borrowing func open(_ path: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try root.openResolving(
            path, flags: flags,
            resolve: [.beneath, .noMountCrossing, .noLinks, .noMagicLinks])
    }

    /// Reads a whole file: see `readAll`.
    public borrowing func read(_ path: ByteString, limit: Int = 1 << 20, isOneRecord: Bool = false) throws(SystemError) -> [UInt8]
    {
        try open(path, flags: .readOnly).closedLater().readAll(limit: limit, isOneRecord: isOneRecord)
    }

    /// Writes all bytes in one call, as files of proc(5) require.
    @inline(never)
    public borrowing func write(_ path: ByteString, _ bytes: [UInt8]) throws(SystemError) {
        let file = try open(path, flags: .writeOnly)
        let count = bytes.withUnsafeBytes { CLinux.write(file.rawValue, $0.baseAddress, bytes.count) }
        guard count >= 0 else { throw .last("write") }
        guard count == bytes.count else { throw SystemError("write", errno: .EIO) }
    }

    /// The target of a link, as text; nothing is opened.
    public borrowing func target(of link: ByteString) throws(SystemError) -> ByteString {
        try root.readLink(link)
    }

    /// The name of the calling process's folder: its pid in the pid namespace of this procfs.
    public borrowing func own() throws(SystemError) -> ByteString { try ProcFileSystem.own(at: root.rawValue) }

    static func own(at root: Int32) throws(SystemError) -> ByteString {
        var link = [UInt8](repeating: 0, count: 16)
        let length = readlinkat(root, "self", &link, link.count)
        guard length > 0 else { throw .last("readlinkat") }
        return ByteString(link[..<length])
    }

    /// The attributes of a namespace, for `FileStatus.isSameFile`.
    ///
    /// - Parameters:
    ///   - kind: the namespace's name in /proc/PID/ns.
    ///   - folder: the folder of a process that is in the namespace.
    /// - Returns: the attributes of the namespace's file.
    /// - Throws: the error of `fstatat`.
    @inline(never)
    public borrowing func namespace(_ kind: ByteString, of folder: ByteString) throws(SystemError) -> FileStatus {
        try root.status(of: folder + "/ns/" + kind, followingLinks: true)
    }

    /// Opens a namespace of the process in `folder`, for setns(2).
    public borrowing func openNamespace(_ kind: ByteString, of folder: ByteString) throws(SystemError) -> FileDescriptor {
        try root.open(folder + "/ns/" + kind, flags: .readOnly)
    }

    /// Whether the process in `folder` is in the same namespace as the calling process.
    public borrowing func sharesNamespace(_ kind: ByteString, with folder: ByteString) throws(SystemError) -> Bool {
        try namespace(kind, of: try own()).isSameFile(as: try namespace(kind, of: folder))
    }

    /// Whether the calling process is in a user namespace other than the host's initial one, judged by its uid map. False if
    /// this procfs can't tell.
    @inline(never)
    public borrowing func isInUserNamespace() -> Bool {
        // A map of all ids has one line. One that is longer gives more bytes at once, too.
        guard let own = try? own(), let map = try? open(own + "/uid_map", flags: .readOnly).closedLater().read(upTo: 64) else {
            return false
        }
        return isPart(map)
    }

    /// The kernel's name for the time since the machine's last start, the same for all processes and namespaces. See random(4),
    /// /proc/sys/kernel/random/boot_id. It's read once.
    ///
    /// - Returns: nil if it can't be read: engines mount /proc/sys once more in a container, and this lookup crosses no mount.
    public borrowing func boot() -> ByteString? {
        if let known = ProcFileSystem.knownBoot { return known }
        guard let text = try? read("sys/kernel/random/boot_id", isOneRecord: true) else { return nil }
        let boot = ByteString(text).trimmed
        ProcFileSystem.knownBoot = boot
        return boot
    }

    private nonisolated(unsafe) static var knownBoot: ByteString?

    /// The start time of a process, in clock ticks since the machine's start, and its state letter. See proc_pid_stat(5).
    ///
    /// - Parameter pid: the process's pid in the pid namespace of this procfs.
    /// - Returns: nil if there is no such process.
    /// - Throws: the error of reading the file, or EBADMSG if its content isn't as expected.
    public borrowing func birth(of pid: Int32) throws(SystemError) -> (startTime: UInt64, state: UInt8)? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try read(ByteString(decimal: pid) + "/stat", isOneRecord: true)
        } catch  where error.errno == .ENOENT || error.errno == .ESRCH {
            return nil
        }
        // The second field is the program's name in parentheses. It may contain any bytes, even ")". The fields after the last
        // ")" are the state letter and numbers.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { throw SystemError("read", errno: .EBADMSG) }
        let fields = bytes.withUnsafeBufferPointer { bytes -> (startTime: UInt64, state: UInt8)? in
            guard end + 2 < bytes.count, bytes[end + 1] == UInt8(ascii: " ") else { return nil }
            var field = -1
            var start = end
            // The start time is field 19, counted from the state letter.
            while field < 19 {
                guard let space = bytes[start...].firstIndex(of: UInt8(ascii: " ")) else { return nil }
                start = space + 1
                field += 1
            }
            let time = bytes[start...].prefix { $0 != UInt8(ascii: " ") }
            guard let number = UInt64(decimal: UnsafeBufferPointer(rebasing: time)) else { return nil }
            return (number, bytes[end + 2])
        }
        guard let fields else { throw SystemError("read", errno: .EBADMSG) }
        return fields
    }

    /// How a process ended that nobody has reaped yet: the last field of proc_pid_stat(5).
    ///
    /// - Parameter pid: the zombie's pid in the pid namespace of this procfs.
    /// - Returns: nil if the process is gone. Also nil for status 0, which the kernel shows as well to a caller that may not see
    ///   the status.
    public borrowing func zombieStatus(of pid: Int32) -> ExitStatus? {
        guard let line = try? read(ByteString(decimal: pid) + "/stat", isOneRecord: true),
            let status: Int32 = ByteString(line).trimmed.lastPart(separator: UInt8(ascii: " ")).decimal(), status != 0
        else { return nil }
        return ExitStatus(waitStatus: status)
    }
}
