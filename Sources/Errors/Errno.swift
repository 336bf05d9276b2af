import CLinux

/// An error number of the kernel. The constants have the kernel's names; errno(3) explains each of them.
public struct Errno: RawRepresentable, Equatable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    private init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The number that the last failed call left behind. The corresponding C variable is `errno`.
    public static var last: Errno { Errno(rawValue: c_errno()) }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
extension Errno {
    // Only the numbers that the sources use.
    public static var EPERM: Errno { Errno(CLinux.EPERM) }
    public static var ENOENT: Errno { Errno(CLinux.ENOENT) }
    public static var ESRCH: Errno { Errno(CLinux.ESRCH) }
    public static var EINTR: Errno { Errno(CLinux.EINTR) }
    public static var EIO: Errno { Errno(CLinux.EIO) }
    public static var ENXIO: Errno { Errno(CLinux.ENXIO) }
    public static var E2BIG: Errno { Errno(CLinux.E2BIG) }
    public static var ENOEXEC: Errno { Errno(CLinux.ENOEXEC) }
    public static var EBADF: Errno { Errno(CLinux.EBADF) }
    public static var EAGAIN: Errno { Errno(CLinux.EAGAIN) }
    public static var ENOMEM: Errno { Errno(CLinux.ENOMEM) }
    public static var EACCES: Errno { Errno(CLinux.EACCES) }
    public static var EBUSY: Errno { Errno(CLinux.EBUSY) }
    public static var EEXIST: Errno { Errno(CLinux.EEXIST) }
    public static var EXDEV: Errno { Errno(CLinux.EXDEV) }
    public static var ENODEV: Errno { Errno(CLinux.ENODEV) }
    public static var ENOTDIR: Errno { Errno(CLinux.ENOTDIR) }
    public static var EISDIR: Errno { Errno(CLinux.EISDIR) }
    public static var EINVAL: Errno { Errno(CLinux.EINVAL) }
    public static var ENFILE: Errno { Errno(CLinux.ENFILE) }
    public static var EMFILE: Errno { Errno(CLinux.EMFILE) }
    public static var EFBIG: Errno { Errno(CLinux.EFBIG) }
    public static var ENOSPC: Errno { Errno(CLinux.ENOSPC) }
    public static var EROFS: Errno { Errno(CLinux.EROFS) }
    public static var EPIPE: Errno { Errno(CLinux.EPIPE) }
    public static var ERANGE: Errno { Errno(CLinux.ERANGE) }
    public static var ENOSYS: Errno { Errno(CLinux.ENOSYS) }
    public static var ENOTEMPTY: Errno { Errno(CLinux.ENOTEMPTY) }
    public static var ELOOP: Errno { Errno(CLinux.ELOOP) }
    public static var EBADMSG: Errno { Errno(CLinux.EBADMSG) }
    public static var EOVERFLOW: Errno { Errno(CLinux.EOVERFLOW) }
    public static var EMSGSIZE: Errno { Errno(CLinux.EMSGSIZE) }
    public static var EOPNOTSUPP: Errno { Errno(CLinux.EOPNOTSUPP) }
    public static var ECONNABORTED: Errno { Errno(CLinux.ECONNABORTED) }
    public static var ECONNRESET: Errno { Errno(CLinux.ECONNRESET) }
    public static var ETIMEDOUT: Errno { Errno(CLinux.ETIMEDOUT) }
    public static var ECONNREFUSED: Errno { Errno(CLinux.ECONNREFUSED) }
    public static var EDQUOT: Errno { Errno(CLinux.EDQUOT) }
}
