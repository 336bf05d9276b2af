public import Bytes
public import Errors
public import Linux

/// The host's resctrl file system, by which the kernel divides caches and memory bandwidth among groups of processes.
/// Source: Documentation/filesystems/resctrl.rst of the kernel.
public final class ResctrlFileSystem {
    private static let usualPlace: ByteString = "/sys/fs/resctrl"

    /// The absolute path of its root.
    public let path: ByteString
    /// The default group's directory, opened with `O_PATH`.
    let root: FileDescriptor

    /// Takes an open directory for the root of a resctrl file system.
    public init(path: ByteString, root: consuming FileDescriptor) {
        self.path = path
        self.root = root
    }

    /// The file system with its root at this path; nil if there is none.
    public convenience init?(at path: ByteString) {
        guard let root = try? FileDescriptor.open(path, flags: [.path, .directory]),
            (try? root.fileSystemMagic()) == .resctrl
        else { return nil }
        self.init(path: path, root: root)
    }

    /// Finds the file system, first in its usual place, then in the mount table.
    ///
    /// - Parameter procfs: The host's procfs.
    /// - Returns: The file system.
    /// - Throws: `unsupported` if none is mounted.
    public static func mounted(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ResctrlFileSystem {
        if let found = ResctrlFileSystem(at: usualPlace) { return found }
        let mounts = try explaining(.system, "the mount table can't be read", procfs.mounts())
        for mount in mounts where mount.type == "resctrl" {
            if let found = ResctrlFileSystem(at: mount.place) { return found }
        }
        throw RuntimeError(
            .unsupported, "no resctrl file system is mounted", pointer: "/linux/intelRdt",
            hint: "\"mount -t resctrl resctrl /sys/fs/resctrl\" mounts it, if the processor has Intel RDT, AMD QoS or Arm MPAM "
                + "and the kernel supports it")
    }

    /// The reason that the kernel gives for the last error on this file system; empty if it gives none.
    var lastStatus: ByteString {
        guard let text = try? root.readFile("info/last_cmd_status") else { return "" }
        let status = ByteString(text).trimmed
        return status == "ok" ? "" : status
    }
}
