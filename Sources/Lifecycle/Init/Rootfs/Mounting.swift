import Bytes
import Errors
import Linux
import OCI

extension Rootfs {
    /// Performs one entry of `/mounts`: makes the mount detached, with all its attributes, and then attaches it on a
    /// descriptor.
    mutating func perform(_ entry: MountStep) throws(RuntimeError) {
        switch entry.kind {
        case .bind(let source, let recursive): try bind(entry, source, recursive: recursive)
        case .remount: try remount(entry)
        case .cgroup(let onlyUnified): try mountCgroups(entry, onlyUnified: onlyUnified)
        case .fileSystem(let type):
            let mount: SharedDescriptor
            if let made = sources.fileSystems[entry.index] { mount = made } else { mount = try FileSystems.make(type, entry) }
            if let namespace = mappings[entry.index] { try Rootfs.mapIDs(of: mount.file, by: namespace, entry) }
            try attach(mount, entry, isDirectory: true)
        }
    }

    private mutating func bind(_ entry: MountStep, _ source: ByteString, recursive: Bool) throws(RuntimeError) {
        let tree = try copySource(source, recursive: recursive, entry)
        if let namespace = mappings[entry.index] { try Rootfs.mapIDs(of: tree.file, by: namespace, entry) }
        let isDirectory = try explaining(.mount, "the options can't be set", pointer: entry.label, hint: Rootfs.lockedHint) {
            () throws(SystemError) in
            try Rootfs.setAttributes(of: tree.file, entry)
            return try tree.file.status().kind == .directory
        }
        try attach(tree, entry, isDirectory: isDirectory)
    }

    private static let lockedHint = "a user namespace can't take back ro, nosuid, nodev, noexec or noatime that the source has"

    static func setAttributes(of mount: borrowing FileDescriptor, _ entry: MountStep) throws(SystemError) {
        if !entry.attributes.isEmpty { try mount.setMountAttributes(entry.attributes, recursive: false) }
        if !entry.recursiveAttributes.isEmpty { try mount.setMountAttributes(entry.recursiveAttributes, recursive: true) }
    }

    // MARK: Attaching

    /// Attaches a finished mount on its mount point.
    mutating func attach(_ mount: SharedDescriptor, _ entry: MountStep, isDirectory: Bool) throws(RuntimeError) {
        // The mount's actual file system decides, not the type in the configuration.
        if entry.destination == "/proc",
            (try? mount.file.fileSystemMagic()) != .proc
        {
            throw RuntimeError(.invalidConfig, "only a proc file system may be mounted on /proc", pointer: entry.label)
        }
        // This comes before `target` makes a missing mount point: the mode 0755 that it gets isn't one to keep.
        let mode = entry.keepsModeOfMountPoint ? try? root.open(entry.destination, flags: [.path, .directory]).status() : nil
        let target = try target(for: entry, isDirectory: isDirectory)
        if let mode {
            try explaining(
                .mount, "the mode of the mount point can't be kept", pointer: entry.label,
                mount.file.setMode(of: ".", to: mode.permissions))
        }
        if entry.copiesUp {
            try explaining(
                .mount, "what the mount point holds can't be copied", pointer: entry.label,
                CopyUp.copy(target, into: mount.file, keepsMode: entry.hasMode))
        }
        try explaining(.mount, "can't be attached", pointer: entry.label) { () throws(SystemError) in
            try put(mount.file, on: target)
            for change in entry.propagation { try mount.file.setPropagation(change.kind, recursive: change.recursive) }
        }
        if entry.isReadOnlyLate { readOnlyLate.append(mount) }
        if case .fileSystem(let type) = entry.kind, type == "devpts", entry.destination == "/dev/pts" { devpts = mount }
    }

    /// Attaches a mount below the root. The journal lists it first, so that no mount is left on the host.
    func put(_ mount: borrowing FileDescriptor, on target: borrowing FileDescriptor) throws(SystemError) {
        try journal?.add(mount)
        try mount.attach(on: target)
    }

    /// Opens the mount point, and makes it if it's missing.
    func target(for entry: MountStep, isDirectory: Bool) throws(RuntimeError) -> FileDescriptor {
        do throws(SystemError) {
            if entry.destination == "/proc" || entry.destination == "/sys" { return try realDirectory(entry.destination) }
            let target = try isDirectory ? root.makeDirectories(entry.destination) : root.makeFile(entry.destination)
            // A link may lead into /proc by another path. A mount there could redirect our own writes to /proc.
            if try target.fileSystemMagic() == .proc, !entry.destination.hasPrefix("/proc/") {
                throw SystemError("openat2", errno: .EXDEV)
            }
            // move_mount(2) would fail with EINVAL, but engines look for the text of ENOTDIR.
            if !isDirectory, try target.status().kind == .directory { throw SystemError("move_mount", errno: .ENOTDIR) }
            return target
        } catch {
            throw RuntimeError(
                .mount, "the mount point can't be made", error, pointer: entry.label,
                hint: Rootfs.hint(forTarget: error.errno))
        }
    }

    private static func hint(forTarget errno: Errno) -> String? {
        switch errno {
        case .EXDEV: "it leads into /proc, where nothing may be mounted"
        case .ENOTDIR: "a directory can be mounted only on a directory, and a file only on a file"
        default: nil
        }
    }

    /// Opens /proc or /sys, and makes it if it's missing. It must be a directory of the root file system itself: a link would
    /// redirect the mount, and everything that is masked in it later (CVE-2019-19921, CVE-2023-27561).
    private func realDirectory(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        let name = path.dropFirst(1)
        let flags: OpenFlags = [.path, .directory, .noFollow]
        let resolve: ResolveFlags = [.beneath, .noLinks]
        do throws(SystemError) {
            return try root.descriptor.openResolving(name, flags: flags, resolve: resolve)
        } catch  where error.errno == .ENOENT {
            try root.descriptor.makeDirectory(name, mode: 0o755)
            return try root.descriptor.openResolving(name, flags: flags, resolve: resolve)
        }
    }

    private func remount(_ entry: MountStep) throws(RuntimeError) {
        let mount = try explaining(.mount, "can't be remounted", pointer: entry.label) { () throws(SystemError) in
            let mount = try root.open(entry.destination)
            try Rootfs.setAttributes(of: mount, entry)
            return mount
        }
        if !entry.flags.isEmpty || !entry.data.isEmpty {
            let context = try explaining(
                .mount, "can't be remounted", pointer: entry.label, FileSystemContext(reconfiguring: mount))
            try FileSystems.setOptions(of: context, nil, entry)
            try explaining(context, "the file system can't be remounted", entry.label, context.reconfigure())
        }
        try explaining(.mount, "can't be remounted", pointer: entry.label) { () throws(SystemError) in
            for change in entry.propagation { try mount.setPropagation(change.kind, recursive: change.recursive) }
        }
    }
}
