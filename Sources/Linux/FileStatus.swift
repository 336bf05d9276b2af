public import CLinux

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

extension stat {
    public var kind: FileKind? { FileKind(rawValue: st_mode & 0o170000) }

    public var permissions: UInt32 { st_mode & 0o7777 }

    /// Whether both are about one file, or one namespace: namespaces(7).
    public func isSameFile(as other: stat) -> Bool { st_ino == other.st_ino && st_dev == other.st_dev }

    public func isCharacterDevice(major: UInt32, minor: UInt32) -> Bool {
        kind == .characterDevice && c_major(st_rdev) == major && c_minor(st_rdev) == minor
    }
}
