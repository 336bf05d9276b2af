public import Bytes
import CLinux
public import Errors

/// The kind of a file, as the upper bits of `st_mode` have it. See inode(7).
public enum FileKind: UInt32, Sendable {
    case fifo = 0o010000
    case characterDevice = 0o020000
    case directory = 0o040000
    case blockDevice = 0o060000
    case regular = 0o100000
    case link = 0o120000
    case socket = 0o140000
}

/// A file's attributes. See stat(2).
public struct FileStatus: Sendable {
    private let fields: stat

    fileprivate init(_ fields: stat) { self.fields = fields }

    /// Reads the attributes of an open file. The descriptor isn't taken over, so it may be one that the program doesn't own.
    /// The corresponding C function is `fstat`.
    @inline(never)
    public init(of descriptor: Int32) throws(SystemError) {
        var fields = stat()
        try retried("fstat") { fstat(descriptor, &fields) }
        self.fields = fields
    }

    public var kind: FileKind? { FileKind(rawValue: fields.st_mode & 0o170000) }
    /// The kind and the permissions in one number (`st_mode`).
    public var mode: UInt32 { fields.st_mode }
    public var permissions: UInt32 { fields.st_mode & 0o7777 }
    public var user: UInt32 { fields.st_uid }
    public var group: UInt32 { fields.st_gid }
    public var size: Int { Int(fields.st_size) }
    public var inode: UInt64 { UInt64(fields.st_ino) }
    /// The number of hard links.
    public var links: UInt64 { UInt64(fields.st_nlink) }
    /// The device that a device file stands for.
    public var device: DeviceID { DeviceID(rawValue: UInt64(fields.st_rdev)) }
    /// The time of the last modification: seconds since 1970-01-01T00:00:00Z.
    public var modified: Int { Int(fields.st_mtim.tv_sec) }

    /// Whether both describe the same file or, for files of nsfs, the same namespace (namespaces(7)).
    public func isSameFile(as other: FileStatus) -> Bool {
        fields.st_ino == other.fields.st_ino && fields.st_dev == other.fields.st_dev
    }

    /// Whether the file is the character device with these numbers.
    public func isCharacterDevice(major: UInt32, minor: UInt32) -> Bool {
        kind == .characterDevice && device == DeviceID(major: major, minor: minor)
    }
}

/// A device's major and minor number, packed as the kernel packs them. See makedev(3).
public struct DeviceID: Equatable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The device with these numbers.
    public init(major: UInt32, minor: UInt32) { rawValue = UInt64(c_makedev(major, minor)) }
}

extension FileDescriptor {
    /// The file's attributes. The corresponding C function is `fstat`.
    @inline(never)
    public borrowing func status() throws(SystemError) -> FileStatus { try FileStatus(of: rawValue) }

    /// The attributes of a file in this directory. A symbolic link is followed only if `followingLinks` is true. The
    /// corresponding C function is `fstatat`.
    public borrowing func status(of path: ByteString, followingLinks: Bool = false) throws(SystemError) -> FileStatus {
        try FileDescriptor.status(of: path, at: rawValue, flags: followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
    }

    /// The attributes of the file at a path. Symbolic links are followed. The corresponding C function is `stat`.
    public static func status(of path: ByteString) throws(SystemError) -> FileStatus {
        try status(of: path, at: FileDescriptor.workingDirectory, flags: 0)
    }

    private static func status(of path: ByteString, at directory: Int32, flags: Int32) throws(SystemError) -> FileStatus {
        var fields = stat()
        try retried("fstatat") { path.withCString { fstatat(directory, $0, &fields, flags) } }
        return FileStatus(fields)
    }

    /// Whether a file of this name exists; a symbolic link is one, even if its target is missing. Every error except ENOENT is
    /// thrown.
    public borrowing func contains(_ name: ByteString) throws(SystemError) -> Bool {
        try FileDescriptor.exists(name, at: rawValue)
    }

    /// Whether a file exists at a path; a relative one begins at `directory`. Otherwise as `contains`. The corresponding C
    /// function is `fstatat`.
    @inline(never)
    public static func exists(_ path: ByteString, at directory: Int32 = FileDescriptor.workingDirectory) throws(SystemError)
        -> Bool
    {
        do throws(SystemError) {
            _ = try status(of: path, at: directory, flags: AT_SYMLINK_NOFOLLOW)
            return true
        } catch  where error.errno == .ENOENT {
            return false
        }
    }
}
