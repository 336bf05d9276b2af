import Bytes
import CLinux
import Errors
import Linux
import OCI

extension Rootfs {
    /// Does one entry of `/mounts`: makes the mount, detached, with all its attributes; only then it's attached, on a descriptor.
    mutating func perform(_ entry: MountStep) throws(RuntimeError) {
        switch entry.kind {
        case .bind: try bind(entry)
        case .remount: try remount(entry)
        case .cgroup: try mountCgroups(entry)
        case .fileSystem(let type):
            let mount = try makeFileSystem(type, entry)
            try attach(mount, entry, isDirectory: true)
        }
    }

    private mutating func bind(_ entry: MountStep) throws(RuntimeError) {
        guard let source = sources.binds[entry.index] else {
            throw RuntimeError(.mount, "the source was not opened", pointer: entry.label)
        }
        try source.tree.with { (tree) throws(RuntimeError) in
            try explaining(.mount, "the options can't be set", pointer: entry.label, hint: Rootfs.lockedHint) {
                () throws(SystemError) in try Rootfs.setAttributes(of: tree, entry)
            }
        }
        try attach(source.tree, entry, isDirectory: source.isDirectory)
    }

    private static let lockedHint = "a user namespace can't take back ro, nosuid, nodev, noexec or noatime that the source has"

    static func setAttributes(of mount: borrowing FileDescriptor, _ entry: MountStep) throws(SystemError) {
        if !entry.attributes.isEmpty { try mount.setMountAttributes(entry.attributes, recursive: false) }
        if !entry.recursiveAttributes.isEmpty { try mount.setMountAttributes(entry.recursiveAttributes, recursive: true) }
    }

    /// A new file system of the given type, not yet attached.
    func makeFileSystem(_ type: ByteString, _ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        do throws(RuntimeError) {
            let context = try explaining(
                .mount, "the kernel has no file system \"" + type.displayText + "\"", pointer: entry.label
            ) {
                () throws(SystemError) in try FileSystemContext(type: type)
            }
            return try configure(context, type, entry)
        } catch  where error.errno == EPERM && type == "sysfs" {
            // A user namespace may mount sysfs only with a network namespace of its own: it sees the host's instead.
            return try hostSysfs(entry)
        }
    }

    private func configure(_ context: FileSystemContext, _ type: ByteString, _ entry: MountStep) throws(RuntimeError)
        -> SharedDescriptor
    {
        var attributes = entry.attributes.set
        if entry.isReadOnlyLate { attributes &= ~MountAttributes.readOnly }
        do throws(SystemError) {
            if let source = entry.source, !source.isEmpty { try context.set("source", to: source) }
            if attributes & MountAttributes.readOnly != 0, !Rootfs.isKernelsOwn(type) { try context.set("ro") }
            for flag in entry.flags { try Rootfs.set(flag, of: context) }
            for (key, value) in entry.data { try Rootfs.set(key, to: value, of: context, type) }
        } catch {
            throw Rootfs.refusal(of: context, error, type, entry)
        }
        let mount = try explaining(
            .mount, "the file system \"" + type.displayText + "\" can't be mounted", pointer: entry.label,
            hint: context.complaint().map { "the kernel says: " + $0.displayText }
        ) { () throws(SystemError) in try context.mount(attributes: attributes) }
        if !entry.recursiveAttributes.isEmpty {
            try explaining(.mount, "the options can't be set", pointer: entry.label) { () throws(SystemError) in
                try mount.setMountAttributes(entry.recursiveAttributes, recursive: true)
            }
        }
        return SharedDescriptor(mount)
    }

    private static func refusal(
        of context: FileSystemContext, _ error: SystemError, _ type: ByteString, _ entry: MountStep
    ) -> RuntimeError {
        let complaint = context.complaint()
        return RuntimeError(
            .mount, "the file system \"" + type.displayText + "\" refuses its options", error, pointer: entry.label + "/options",
            hint: complaint.map { "the kernel says: " + $0.displayText })
    }

    /// File systems whose content is one for all their mounts: read-only is a matter of the mount, not of the file system.
    private static func isKernelsOwn(_ type: ByteString) -> Bool {
        type == "proc" || type == "sysfs" || type == "tmpfs" || type == "devpts" || type == "mqueue" || type == "cgroup"
            || type == "cgroup2"
    }

    private static func set(_ flag: ByteString, of context: FileSystemContext) throws(SystemError) {
        do throws(SystemError) {
            try context.set(flag)
        } catch  where error.errno == EINVAL && (flag == "iversion" || flag == "noiversion" || flag == "mand" || flag == "nomand")
        {
            // mount(2) takes these for every file system and lets those that have no use for them ignore them; fsconfig(2) refuses.
        }
    }

    private static func set(_ key: ByteString, to value: ByteString, of context: FileSystemContext, _ type: ByteString)
        throws(SystemError)
    {
        guard value.count >= 256, type == "overlay", key == "lowerdir" else {
            try context.set(key, to: value)
            return
        }
        // fsconfig takes 255 bytes at a time: the layers go one by one (kernel 6.5).
        for layer in value.split(separator: UInt8(ascii: ":")) { try context.set("lowerdir+", to: layer) }
    }

    private func hostSysfs(_ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        try explaining(.mount, "the host's /sys can't be shown", pointer: entry.label) { () throws(SystemError) in
            let tree = try FileDescriptor.cloneTree("/sys", recursive: true)
            // For all mounts below it: else /sys/fs/cgroup would be writable in a read-only /sys.
            if !entry.attributes.isEmpty { try tree.setMountAttributes(entry.attributes, recursive: true) }
            return SharedDescriptor(tree)
        }
    }

    /// `proc` of a pid namespace that we aren't in: kernel 6.17 takes the namespace as an option.
    ///
    /// - Returns: false where the kernel doesn't.
    mutating func mountJoinedProc(_ entry: MountStep) throws(RuntimeError) -> Bool {
        guard let pidNamespace else { return false }
        let context: FileSystemContext
        do throws(SystemError) {
            context = try FileSystemContext(type: "proc")
            try pidNamespace.with { (namespace) throws(SystemError) in try context.set("pidns", to: namespace) }
        } catch {
            return false
        }
        try attach(try configure(context, "proc", entry), entry, isDirectory: true)
        return true
    }

    // MARK: Attaching

    /// Puts a finished mount in its place.
    mutating func attach(_ mount: SharedDescriptor, _ entry: MountStep, isDirectory: Bool) throws(RuntimeError) {
        let target = try target(for: entry, isDirectory: isDirectory)
        try mount.with { (mount) throws(RuntimeError) in
            try explaining(.mount, "can't be attached", pointer: entry.label) { () throws(SystemError) in
                try mount.attach(on: target)
                for change in entry.propagation { try mount.setPropagation(change.flags, recursive: change.recursive) }
            }
        }
        if entry.isReadOnlyLate { readOnlyLate.append(mount) }
        if case .fileSystem(let type) = entry.kind, type == "devpts", entry.destination == "/dev/pts" { devpts = mount }
    }

    /// The mount point, made where it's missing.
    func target(for entry: MountStep, isDirectory: Bool) throws(RuntimeError) -> FileDescriptor {
        do throws(SystemError) {
            if entry.destination == "/proc" || entry.destination == "/sys" { return try realDirectory(entry.destination) }
            let target = try isDirectory ? root.makeDirectories(entry.destination) : root.makeFile(entry.destination)
            // A link may lead into /proc by another name: what is mounted there decides what our own writes reach.
            if try target.fileSystemMagic() == 0x9FA0, !entry.destination.hasPrefix("/proc/") {
                throw SystemError("openat2", errno: EXDEV)
            }
            // move_mount would say "invalid argument"; engines look for these words.
            if !isDirectory, try target.status().kind == .directory { throw SystemError("move_mount", errno: ENOTDIR) }
            return target
        } catch {
            throw RuntimeError(
                .mount, "the mount point can't be made", error, pointer: entry.label,
                hint: Rootfs.hint(forTarget: error.errno))
        }
    }

    private static func hint(forTarget errno: Int32) -> String? {
        switch errno {
        case EXDEV: "it leads into /proc, where nothing may be mounted"
        case ENOTDIR: "a directory can be mounted only on a directory, and a file only on a file"
        default: nil
        }
    }

    /// /proc and /sys have to be directories of the root file system itself: as links they'd send the mount, and all that is
    /// later masked in it, elsewhere (CVE-2019-19921, CVE-2023-27561).
    private func realDirectory(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        let name = path.dropFirst(1)
        let flags = O_PATH | O_DIRECTORY | O_NOFOLLOW
        let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
        do throws(SystemError) {
            return try root.descriptor.openResolving(name, flags: flags, resolve: resolve)
        } catch  where error.errno == ENOENT {
            try root.descriptor.makeDirectory(name, mode: 0o755)
            return try root.descriptor.openResolving(name, flags: flags, resolve: resolve)
        }
    }

    private func remount(_ entry: MountStep) throws(RuntimeError) {
        try explaining(.mount, "can't be remounted", pointer: entry.label) { () throws(SystemError) in
            let mount = try root.open(entry.destination)
            try Rootfs.setAttributes(of: mount, entry)
            if !entry.flags.isEmpty || !entry.data.isEmpty {
                let context = try FileSystemContext(reconfiguring: mount)
                for flag in entry.flags { try context.set(flag) }
                for (key, value) in entry.data { try context.set(key, to: value) }
                try context.reconfigure()
            }
            for change in entry.propagation { try mount.setPropagation(change.flags, recursive: change.recursive) }
        }
    }
}
