import CLinux
public import Errors

/// The number that identifies a type of file system. See statfs(2).
public struct FileSystemMagic: RawRepresentable, Equatable, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static var proc: FileSystemMagic { FileSystemMagic(rawValue: 0x9FA0) }
    public static var tmpfs: FileSystemMagic { FileSystemMagic(rawValue: 0x0102_1994) }
    public static var devpts: FileSystemMagic { FileSystemMagic(rawValue: 0x1CD1) }
    public static var cgroup: FileSystemMagic { FileSystemMagic(rawValue: 0x0027_E0EB) }
    public static var cgroup2: FileSystemMagic { FileSystemMagic(rawValue: 0x6367_7270) }
    public static var nsfs: FileSystemMagic { FileSystemMagic(rawValue: 0x6E73_6673) }
    public static var selinux: FileSystemMagic { FileSystemMagic(rawValue: 0xF97C_FF8C) }
    public static var resctrl: FileSystemMagic { FileSystemMagic(rawValue: 0x0765_5821) }
    public static var pidfs: FileSystemMagic { FileSystemMagic(rawValue: 0x5049_4446) }
}

extension FileDescriptor {
    /// The type of the file system that the file is on. The corresponding C function is `fstatfs`.
    public borrowing func fileSystemMagic() throws(SystemError) -> FileSystemMagic {
        var result = statfs()
        try retried("fstatfs") { fstatfs(rawValue, &result) }
        return FileSystemMagic(rawValue: Int(result.f_type))
    }

    /// The attributes out of `MountAttributes.Flags.restrictions` that the file's mount has. The corresponding C function is
    /// `fstatfs`.
    public borrowing func mountRestrictions() throws(SystemError) -> MountAttributes.Flags {
        var result = statfs()
        try retried("fstatfs") { fstatfs(rawValue, &result) }
        // The lowest four bits mean the same in statfs(2) and mount_setattr(2).
        return MountAttributes.Flags(rawValue: UInt64(result.f_flags)).intersection(.restrictions)
    }

    /// Whether it's a file without a name on a read-only tmpfs.
    borrowing func isNamelessOnReadOnlyTmpfs() throws(SystemError) -> Bool {
        guard try fileSystemMagic() == .tmpfs, try mountRestrictions().contains(.readOnly) else { return false }
        return try status().links == 0
    }
}
