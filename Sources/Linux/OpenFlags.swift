import CLinux

/// How a file is opened: open(2). Every file is opened close-on-exec too (`O_CLOEXEC`).
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// `O_RDONLY`. Its value is 0, so `contains` can't tell whether a file is open for reading.
    public static var readOnly: OpenFlags { OpenFlags(rawValue: O_RDONLY) }
    /// `O_WRONLY`
    public static var writeOnly: OpenFlags { OpenFlags(rawValue: O_WRONLY) }
    /// `O_RDWR`
    public static var readWrite: OpenFlags { OpenFlags(rawValue: O_RDWR) }
    /// `O_PATH`: only refers to the file. A fifo doesn't block, and a device isn't touched.
    public static var path: OpenFlags { OpenFlags(rawValue: O_PATH) }
    /// `O_DIRECTORY`: anything except a directory is refused with ENOTDIR.
    public static var directory: OpenFlags { OpenFlags(rawValue: O_DIRECTORY) }
    /// `O_NOFOLLOW`: a symbolic link at the end of the path is refused with ELOOP, or opened itself with `path`.
    public static var noFollow: OpenFlags { OpenFlags(rawValue: O_NOFOLLOW) }
    /// `O_NONBLOCK`
    public static var nonBlocking: OpenFlags { OpenFlags(rawValue: O_NONBLOCK) }
    /// `O_NOCTTY`: a terminal doesn't become the controlling terminal.
    public static var noControllingTerminal: OpenFlags { OpenFlags(rawValue: O_NOCTTY) }
    /// `O_CREAT`
    public static var create: OpenFlags { OpenFlags(rawValue: O_CREAT) }
    /// `O_EXCL`: with `create`, an existing file is refused with EEXIST.
    public static var exclusive: OpenFlags { OpenFlags(rawValue: O_EXCL) }
    /// `O_APPEND`
    public static var append: OpenFlags { OpenFlags(rawValue: O_APPEND) }
    /// `O_TMPFILE`: makes a file without a name in the directory at the path.
    public static var temporary: OpenFlags { OpenFlags(rawValue: O_TMPFILE) }
}

/// Restrictions on a path lookup of openat2(2).
public struct ResolveFlags: OptionSet, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(_ constant: Int32) { rawValue = UInt64(constant) }

    /// `RESOLVE_BENEATH`: the path must not leave the directory that the lookup starts from. Otherwise it fails with EXDEV.
    public static var beneath: ResolveFlags { ResolveFlags(RESOLVE_BENEATH) }
    /// `RESOLVE_IN_ROOT`: the directory that the lookup starts from acts as "/", for absolute paths and links too. They can't
    /// leave it.
    public static var inRoot: ResolveFlags { ResolveFlags(RESOLVE_IN_ROOT) }
    /// `RESOLVE_NO_XDEV`: the lookup must not cross a mount point.
    public static var noMountCrossing: ResolveFlags { ResolveFlags(RESOLVE_NO_XDEV) }
    /// `RESOLVE_NO_SYMLINKS`: the lookup must not follow any link.
    public static var noLinks: ResolveFlags { ResolveFlags(RESOLVE_NO_SYMLINKS) }
    /// `RESOLVE_NO_MAGICLINKS`: the lookup must not follow a link such as /proc/PID/fd/N, which can lead anywhere.
    public static var noMagicLinks: ResolveFlags { ResolveFlags(RESOLVE_NO_MAGICLINKS) }
}
