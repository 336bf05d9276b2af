import CLinux

/// How a file is opened: open(2). Every file is opened close-on-exec too (`O_CLOEXEC`).
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// `O_RDONLY`. It's 0: whether a file is open for reading can't be asked with `contains`.
    public static var readOnly: OpenFlags { OpenFlags(rawValue: O_RDONLY) }
    /// `O_WRONLY`
    public static var writeOnly: OpenFlags { OpenFlags(rawValue: O_WRONLY) }
    /// `O_RDWR`
    public static var readWrite: OpenFlags { OpenFlags(rawValue: O_RDWR) }
    /// `O_PATH`: the place alone. No fifo blocks, no device is touched.
    public static var path: OpenFlags { OpenFlags(rawValue: O_PATH) }
    /// `O_DIRECTORY`: what isn't a directory is refused with ENOTDIR.
    public static var directory: OpenFlags { OpenFlags(rawValue: O_DIRECTORY) }
    /// `O_NOFOLLOW`: a symbolic link at the end of the path is refused with ELOOP, or opened itself with `path`.
    public static var noFollow: OpenFlags { OpenFlags(rawValue: O_NOFOLLOW) }
    /// `O_NONBLOCK`
    public static var nonBlocking: OpenFlags { OpenFlags(rawValue: O_NONBLOCK) }
    /// `O_NOCTTY`: a terminal doesn't become the controlling one.
    public static var noControllingTerminal: OpenFlags { OpenFlags(rawValue: O_NOCTTY) }
    /// `O_CREAT`
    public static var create: OpenFlags { OpenFlags(rawValue: O_CREAT) }
    /// `O_EXCL`: with `create`, what exists already is refused with EEXIST.
    public static var exclusive: OpenFlags { OpenFlags(rawValue: O_EXCL) }
    /// `O_APPEND`
    public static var append: OpenFlags { OpenFlags(rawValue: O_APPEND) }
    /// `O_TMPFILE`: a file without a name in the directory that is opened.
    public static var temporary: OpenFlags { OpenFlags(rawValue: O_TMPFILE) }
}

/// What a path lookup of openat2(2) may not do.
public struct ResolveFlags: OptionSet, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(_ constant: Int32) { rawValue = UInt64(constant) }

    /// `RESOLVE_BENEATH`: leave the directory that it starts from. Then it's EXDEV.
    public static var beneath: ResolveFlags { ResolveFlags(RESOLVE_BENEATH) }
    /// `RESOLVE_IN_ROOT`: leave the directory that it starts from, which is "/" for absolute paths and links.
    public static var inRoot: ResolveFlags { ResolveFlags(RESOLVE_IN_ROOT) }
    /// `RESOLVE_NO_XDEV`: cross a mount.
    public static var noMountCrossing: ResolveFlags { ResolveFlags(RESOLVE_NO_XDEV) }
    /// `RESOLVE_NO_SYMLINKS`: follow any link.
    public static var noLinks: ResolveFlags { ResolveFlags(RESOLVE_NO_SYMLINKS) }
    /// `RESOLVE_NO_MAGICLINKS`: follow a link such as /proc/PID/fd/N, which leads anywhere.
    public static var noMagicLinks: ResolveFlags { ResolveFlags(RESOLVE_NO_MAGICLINKS) }
}
