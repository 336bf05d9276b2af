import Bytes
import Errors
import Linux

/// The mounts of a container that has no mount namespace of its own. They are the host's, and don't end with the container's processes.
///
/// A file in the state directory with a line for each. Init adds it before it attaches the mount; whoever deletes the container, or
/// undoes its creation, detaches what is listed.
struct MountJournal: Sendable {
    private let file: SharedDescriptor

    static let name: ByteString = "mounts"

    var rawValue: Int32 { file.rawValue }

    static func make(in directory: borrowing FileDescriptor) throws(RuntimeError) -> MountJournal {
        try explaining(
            .system, "the list of the container's mounts can't be kept", path: MountJournal.name,
            MountJournal(
                file: SharedDescriptor(
                    try directory.open(
                        MountJournal.name, flags: [.writeOnly, .append, .create, .exclusive, .noFollow], mode: 0o600))))
    }

    func add(_ mount: borrowing FileDescriptor) throws(SystemError) {
        let number = try mount.mountNumber()
        let line = ByteString(decimal: number.number) + " " + ByteString(decimal: number.unique) + "\n"
        try file.file.writeAll(line.bytes)
    }

    // MARK: Removal

    /// Detaches all that is listed, the last first, and whatever was mounted on it since. `rootfs`: the container's.
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
        // A line that its writer didn't end is of a mount that was never attached.
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
        // Bounded: whoever mounts over it all the time could keep us here.
        for _ in 0..<1000 {
            let top = try explaining(.mount, failure, topmost(over: mount, procfs))
            guard let top else { return }
            // A container that may mount has moved it: whatever lies there is more than its own.
            guard ContainerPath.below(root, top.place) != nil else {
                throw RuntimeError(
                    .mount, failure + ": it isn't in the container's root any more", path: top.place,
                    hint: "unmount " + top.place.displayText + " by hand")
            }
            try explaining(.mount, failure, path: top.place) { () throws(SystemError) in
                // No link on the way: those of the container's lead anywhere.
                let file = try FileDescriptor.open("/", flags: [.path, .directory]).openResolving(
                    top.place, flags: .path, resolve: .noLinks)
                guard try file.mountNumber().number == top.id else { throw SystemError("openat2", errno: .EBUSY) }
                try procfs.unmount(file)
            }
        }
        throw RuntimeError(.mount, failure + ": others are mounted over it time and again")
    }

    /// The mount itself, or what lies over it: nil where it's gone.
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
