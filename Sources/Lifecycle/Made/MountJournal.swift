import Bytes
import Errors
import Linux

/// Lists the mounts of a container that has no mount namespace of its own. They are mounts of the host's namespace, and don't
/// end with the container's processes.
///
/// The list is a file in the state directory with a line for each mount. Init writes the line before it attaches the mount.
/// Deleting the container, or undoing its creation, detaches the listed mounts.
struct MountJournal: Sendable {
    private let file: SharedDescriptor

    static let name: ByteString = "mounts"

    var rawValue: Int32 { file.rawValue }

    /// Makes the file in the container's state directory.
    static func make(in directory: borrowing FileDescriptor) throws(RuntimeError) -> MountJournal {
        try explaining(
            .system, "the list of the container's mounts can't be kept", path: MountJournal.name,
            MountJournal(
                file: SharedDescriptor(
                    try directory.open(
                        MountJournal.name, flags: [.writeOnly, .append, .create, .exclusive, .noFollow], mode: 0o600))))
    }

    /// Adds a line for a mount, by its number and, where the kernel has one, its unique number.
    func add(_ mount: borrowing FileDescriptor) throws(SystemError) {
        let number = try mount.mountNumber()
        let line = ByteString(decimal: number.number) + " " + ByteString(decimal: number.unique) + "\n"
        try file.file.writeAll(line.bytes)
    }

    // MARK: Removal

    /// Detaches the listed mounts, the last one first, and everything that was mounted over them since.
    ///
    /// - Parameters:
    ///   - directory: The container's state directory.
    ///   - rootfs: The path of the container's root file system.
    ///   - procfs: The procfs to look at.
    /// - Throws: `mount` if a mount can't be removed, `corruptState` if the list is damaged, `system` if it can't be read.
    static func unmountAll(
        listedIn directory: borrowing FileDescriptor, rootfs: ByteString, _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        guard let mounts = try read(directory), !mounts.isEmpty else { return }
        step(.unmountFileSystems)
        let root = try explaining(
            .mount, "the container's root can't be found to unmount what is in it", path: rootfs,
            FileDescriptor.open(rootfs, flags: [.path, .directory]).hostPath())
        for mount in mounts.reversed() { try unmount(mount, below: root, procfs) }
    }

    private static func read(_ directory: borrowing FileDescriptor) throws(RuntimeError) -> [MountNumber]? {
        let text: [UInt8]
        do throws(SystemError) {
            text = try directory.open(
                MountJournal.name, flags: [.readOnly, .noFollow, .nonBlocking]
            ).readAll(limit: 1 << 20)
        } catch  where error.errno == .ENOENT {
            return nil
        } catch {
            throw RuntimeError(
                .system, "the list of the container's mounts can't be read", error, path: MountJournal.name)
        }
        var mounts: [MountNumber] = []
        // A last line without a line feed is unfinished. Its mount was never attached, since the line is written first.
        for line in text[..<(text.lastIndex(of: UInt8(ascii: "\n")) ?? 0)].split(separator: UInt8(ascii: "\n")) {
            guard let (number, unique) = ByteString(line).splitOnce(separator: UInt8(ascii: " ")),
                let number = number.decimal(as: UInt64.self), let unique = unique.decimal(as: UInt64.self)
            else {
                throw RuntimeError(
                    .corruptState, "the list of the container's mounts is damaged", path: MountJournal.name)
            }
            mounts.append(MountNumber(number: number, unique: unique))
        }
        return mounts
    }

    private static func unmount(_ mount: MountNumber, below root: ByteString, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        let failure = "a mount of the container's can't be removed"
        // Bounded: a process that keeps mounting over it could otherwise keep us here forever.
        for _ in 0..<1000 {
            let top = try explaining(.mount, failure, topmost(over: mount, procfs))
            guard let top else { return }
            // A container that has the right to mount has moved it there. Outside its root, not all mounts are its own.
            guard ContainerPath.below(root, top.place) != nil else {
                throw RuntimeError(
                    .mount, failure + ": it isn't in the container's root any more", path: top.place,
                    hint: "unmount " + top.place.displayText + " by hand")
            }
            try explaining(.mount, failure, path: top.place) { () throws(SystemError) in
                // Without following links: those in the container could lead anywhere.
                let file = try FileDescriptor.open("/", flags: [.path, .directory]).openResolving(
                    top.place, flags: .path, resolve: .noLinks)
                guard try file.mountNumber().number == top.id else { throw SystemError("openat2", errno: .EBUSY) }
                try procfs.unmount(file)
            }
        }
        throw RuntimeError(.mount, failure + ": others are mounted over it time and again")
    }

    /// The mount itself, or the topmost mount over it: nil if it's gone.
    private static func topmost(over mount: MountNumber, _ procfs: borrowing ProcFileSystem) throws(SystemError)
        -> MountTableEntry?
    {
        guard let number = try mount.current() else { return nil }
        let table = try procfs.mounts()
        guard var top = table.first(where: { $0.id == number }) else { return nil }
        while let above = table.first(where: { $0.parent == top.id && $0.id != top.id && $0.place == top.place }) { top = above }
        return top
    }
}
