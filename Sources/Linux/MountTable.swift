public import Bytes
import CLinux
public import Errors

/// One mount of a mount namespace, as /proc/PID/mountinfo lists it. See proc_pid_mountinfo(5).
public struct MountTableEntry: Sendable {
    /// The mount's number, `STATX_MNT_ID` of statx(2). The kernel reuses it once the mount is gone.
    public let id: UInt64
    /// The number of the mount that it's mounted on.
    public let parent: UInt64
    /// "MAJOR:MINOR" of its file system.
    public let device: ByteString
    /// The directory or file of the file system that is mounted here: "/" for the whole file system.
    public let root: ByteString
    /// The mount point, as a path from the reader's root.
    public let place: ByteString
    public let type: ByteString
    /// The file system's own options.
    public let options: ByteString

    /// The entries of a mount table, in its order. Invalid lines are skipped.
    public static func parse(_ table: [UInt8]) -> [MountTableEntry] {
        table.split(separator: UInt8(ascii: "\n")).compactMap { MountTableEntry(line: $0) }
    }

    private init?(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " ")).map { ByteString($0) }
        // Optional fields end at "-"; type, source and the file system's own options follow.
        guard fields.count > 6, let dash = fields[6...].firstIndex(where: { $0 == "-" }), dash + 3 < fields.count,
            let id = fields[0].decimal(as: UInt64.self), let parent = fields[1].decimal(as: UInt64.self)
        else { return nil }
        self.id = id
        self.parent = parent
        device = fields[2]
        root = MountTableEntry.unescaped(fields[3])
        place = MountTableEntry.unescaped(fields[4])
        type = fields[dash + 1]
        options = fields[dash + 3]
    }

    /// Undoes the table's octal escapes: "\\040" is a space.
    static func unescaped(_ field: ByteString) -> ByteString {
        guard field.contains(UInt8(ascii: "\\")) else { return field }
        var result: [UInt8] = []
        var rest = field.bytes[...]
        while let byte = rest.first {
            let digits = rest.dropFirst().prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                result.append(digits.reduce(0) { ($0 &* 8) &+ ($1 - 0x30) })
                rest = rest.dropFirst(4)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return ByteString(result)
    }
}

extension ProcFileSystem {
    /// The mounts of the calling process's mount namespace that are visible from its root.
    @inline(never)
    public borrowing func mounts() throws(SystemError) -> [MountTableEntry] {
        MountTableEntry.parse(try read(try own() + "/mountinfo", limit: 64 << 20))
    }
}

/// The numbers by which the kernel identifies a mount.
public struct MountNumber: Sendable {
    /// The number in mountinfo. The kernel reuses it once the mount is gone.
    public let number: UInt64
    /// A number that is never reused while the machine runs; 0 on kernels before 6.8, which have none.
    public let unique: UInt64

    public init(number: UInt64, unique: UInt64) {
        self.number = number
        self.unique = unique
    }

    /// The mount's number in mountinfo; nil if it's no longer mounted in this mount namespace. Without a unique number the
    /// result is `number`, unchecked. The corresponding system call is `statmount`.
    public func current() throws(SystemError) -> UInt64? {
        guard unique != 0 else { return number }
        var current: UInt64 = 0
        guard c_mount_table_number(unique, &current) == 0 else {
            if Errno.last == .ENOENT { return nil }
            throw .last("statmount")
        }
        return current
    }
}

extension FileDescriptor {
    /// The numbers of the mount that the file is on. The corresponding system call is `statx`.
    public borrowing func mountNumber() throws(SystemError) -> MountNumber {
        var number: UInt64 = 0
        var unique: UInt64 = 0
        guard c_mount_number(rawValue, 0, &number) == 0 else { throw .last("statx") }
        let result = c_mount_number(rawValue, 1, &unique)
        guard result >= 0 else { throw .last("statx") }
        return MountNumber(number: number, unique: result == 0 ? unique : 0)
    }
}

extension ProcFileSystem {
    /// Detaches the mount whose root is `file`, or a mount that covers it. The corresponding system call is `umount2`. It takes
    /// no descriptor, so its path is the descriptor's link in this procfs.
    public borrowing func unmount(_ file: borrowing FileDescriptor) throws(SystemError) {
        let link = try own() + "/fd/" + ByteString(decimal: file.rawValue)
        let before = try FileDescriptor.open(".", flags: [.path, .directory])
        guard fchdir(root.rawValue) == 0 else { throw .last("fchdir") }
        defer { _ = fchdir(before.rawValue) }
        guard link.withCString({ c_umount2($0, c_detach) }) == 0 else { throw .last("umount2") }
    }
}
