public import Bytes
import CLinux
public import Errors

/// Mount calls that identify mounts by descriptors instead of paths.
extension FileDescriptor {
    /// Makes a detached bind mount of the file at a path, with `recursive` including the mounts below it. An empty path means
    /// `directory` itself. The corresponding system call is `open_tree` with `OPEN_TREE_CLONE`.
    public static func cloneTree(_ path: ByteString, at directory: Int32 = FileDescriptor.workingDirectory, recursive: Bool)
        throws(SystemError)
        -> FileDescriptor
    {
        var flags = UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC)
        if recursive { flags |= UInt32(AT_RECURSIVE) }
        if path.isEmpty { flags |= UInt32(AT_EMPTY_PATH) }
        return try .reference("open_tree") { path.withCString { c_open_tree(directory, $0, flags) } }
    }

    /// Makes a detached bind mount of this file, with `recursive` including the mounts below it.
    public borrowing func cloneTree(recursive: Bool) throws(SystemError) -> FileDescriptor {
        try .cloneTree("", at: rawValue, recursive: recursive)
    }

    /// Makes a detached bind mount with other attributes than the original has; with `recursive` those of the mounts below it
    /// change, too. The corresponding system call is `open_tree_attr` (kernel 6.15), or else `open_tree` and `mount_setattr`.
    @inline(never)
    public static func cloneTree(
        _ path: ByteString, at directory: Int32 = FileDescriptor.workingDirectory, recursive: Bool, _ attributes: MountAttributes,
        _ propagation: MountPropagation? = nil
    ) throws(SystemError) -> FileDescriptor {
        let set = attributes.set.rawValue, clear = attributes.clear.rawValue, kind = propagation?.rawValue ?? 0
        let flags = (recursive ? UInt32(AT_RECURSIVE) : 0) | (path.isEmpty ? UInt32(AT_EMPTY_PATH) : 0)
        if set | clear | kind != 0 {
            let tree = path.withCString {
                c_open_tree_attr(directory, $0, flags | UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC), set, clear, kind)
            }
            if tree >= 0 { return FileDescriptor(tree, isMereReference: true) }
        }
        // If the kernel refused more than the new call, one of these tells what.
        let tree = try cloneTree(path, at: directory, recursive: recursive)
        if !attributes.isEmpty { try tree.setMountAttributes(attributes, recursive: recursive) }
        if let propagation { try tree.setPropagation(propagation, recursive: recursive) }
        return tree
    }

    /// Attaches this detached mount on `target`. The corresponding system call is `move_mount`.
    @inline(never)
    public borrowing func attach(on target: borrowing FileDescriptor) throws(SystemError) {
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
        guard c_move_mount(rawValue, "", target.rawValue, "", flags) == 0 else { throw .last("move_mount") }
    }

    /// Attaches this detached mount on a directory or file in `folder`. A symbolic link isn't followed. The corresponding system
    /// call is `move_mount`.
    public borrowing func attach(on name: ByteString, in folder: borrowing FileDescriptor) throws(SystemError) {
        let result = name.withCString {
            c_move_mount(rawValue, "", folder.rawValue, $0, UInt32(MOVE_MOUNT_F_EMPTY_PATH))
        }
        guard result == 0 else { throw .last("move_mount") }
    }

    /// Changes the attributes of the mount whose root this is. The corresponding system call is `mount_setattr`.
    @inline(never)
    public borrowing func setMountAttributes(_ attributes: MountAttributes, recursive: Bool) throws(SystemError) {
        let flags = UInt32(AT_EMPTY_PATH) | (recursive ? UInt32(AT_RECURSIVE) : 0)
        guard c_mount_setattr(rawValue, "", flags, attributes.set.rawValue, attributes.clear.rawValue, 0, -1) == 0 else {
            throw .last("mount_setattr")
        }
    }

    /// Sets how mount events spread. The corresponding system call is `mount_setattr`.
    @inline(never)
    public borrowing func setPropagation(_ propagation: MountPropagation, recursive: Bool) throws(SystemError) {
        let flags = UInt32(AT_EMPTY_PATH) | (recursive ? UInt32(AT_RECURSIVE) : 0)
        guard c_mount_setattr(rawValue, "", flags, 0, 0, propagation.rawValue, -1) == 0 else { throw .last("mount_setattr") }
    }

    /// Sets how mount events spread for every mount of the caller's mount namespace. The corresponding system call is
    /// `mount_setattr`.
    @inline(never)
    public static func setPropagationOfAllMounts(_ propagation: MountPropagation) throws(SystemError) {
        // In a chroot "/" is a part of the namespace only. If the other mounts stayed shared, whoever detached them in this
        // namespace would detach them on the host.
        try OwnProcess.withRootOfTheMountNamespace { () throws(SystemError) in
            guard c_mount_setattr(AT_FDCWD, "/", UInt32(AT_RECURSIVE), 0, 0, propagation.rawValue, -1) == 0 else {
                throw .last("mount_setattr")
            }
        }
    }

    /// Maps the ids of this detached mount by a user namespace (`MOUNT_ATTR_IDMAP`).
    public borrowing func mapIDs(by userNamespace: borrowing FileDescriptor, recursive: Bool) throws(SystemError) {
        let flags = UInt32(AT_EMPTY_PATH) | (recursive ? UInt32(AT_RECURSIVE) : 0)
        guard c_mount_setattr(rawValue, "", flags, UInt64(MOUNT_ATTR_IDMAP), 0, 0, userNamespace.rawValue) == 0 else {
            throw .last("mount_setattr")
        }
    }
}

/// A file system being configured. See fsopen(2), fsconfig(2).
public final class FileSystemContext {
    private let descriptor: FileDescriptor

    /// Begins to configure a new file system of this type. The corresponding system call is `fsopen`.
    public init(type: ByteString) throws(SystemError) {
        descriptor = try .reference("fsopen") { type.withCString { c_fsopen($0, UInt32(FSOPEN_CLOEXEC)) } }
    }

    /// Takes ownership of a context that another process opened.
    public init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    public var rawValue: Int32 { descriptor.rawValue }

    /// Begins to reconfigure the file system of an existing mount. The corresponding system call is `fspick`.
    public init(reconfiguring mount: borrowing FileDescriptor) throws(SystemError) {
        descriptor = try .checked("fspick", c_fspick(mount.rawValue, "", UInt32(FSPICK_CLOEXEC | FSPICK_EMPTY_PATH)))
    }

    private func configure(_ command: UInt32, _ key: ByteString, _ value: ByteString?) throws(SystemError) {
        let result = key.withCString { key in
            value?.withCString { c_fsconfig(descriptor.rawValue, command, key, $0, 0) }
                ?? c_fsconfig(descriptor.rawValue, command, key, nil, 0)
        }
        guard result == 0 else { throw .last("fsconfig") }
    }

    /// Sets the option `key` to a text of fewer than 256 bytes.
    public func set(_ key: ByteString, to value: ByteString) throws(SystemError) {
        try configure(FSCONFIG_SET_STRING.rawValue, key, value)
    }

    /// Sets an option that has no value.
    public func set(_ flag: ByteString) throws(SystemError) { try configure(FSCONFIG_SET_FLAG.rawValue, flag, nil) }

    /// Sets the option `key` to an open file.
    public func set(_ key: ByteString, to file: borrowing FileDescriptor) throws(SystemError) {
        let result = key.withCString { c_fsconfig(descriptor.rawValue, FSCONFIG_SET_FD.rawValue, $0, nil, file.rawValue) }
        guard result == 0 else { throw .last("fsconfig") }
    }

    /// Makes the file system and a detached mount of it. The corresponding system calls are `fsconfig` and `fsmount`.
    public func mount(attributes: MountAttributes.Flags) throws(SystemError) -> FileDescriptor {
        guard c_fsconfig(descriptor.rawValue, FSCONFIG_CMD_CREATE.rawValue, nil, nil, 0) == 0 else { throw .last("fsconfig") }
        let context = descriptor.rawValue
        return try .reference("fsmount") { c_fsmount(context, UInt32(FSMOUNT_CLOEXEC), UInt32(attributes.rawValue)) }
    }

    /// Applies the options to the existing file system. The corresponding system call is `fsconfig`.
    public func reconfigure() throws(SystemError) {
        guard c_fsconfig(descriptor.rawValue, FSCONFIG_CMD_RECONFIGURE.rawValue, nil, nil, 0) == 0 else {
            throw .last("fsconfig")
        }
    }

    /// The kernel's messages about this context, without their prefixes ("e " for an error); nil if there are none. Each
    /// message is returned only once. See fsopen(2).
    public func complaint() -> ByteString? {
        var words: [UInt8] = []
        // Each read returns one message, and fails with ENODATA after the last. The kernel keeps at most eight.
        for _ in 0..<8 {
            guard let message = try? descriptor.read(upTo: 1024), message.count > 2 else { break }
            if !words.isEmpty { words += Array("; ".utf8) }
            words += message.dropFirst(message[1] == UInt8(ascii: " ") ? 2 : 0).filter { $0 != UInt8(ascii: "\n") }
        }
        return words.isEmpty ? nil : ByteString(words)
    }
}

extension FileDescriptor {
    /// Makes the working directory, which must be a mount point, the root of the mount namespace, and detaches the old root.
    /// The corresponding system calls are `pivot_root` and `umount2`.
    public static func pivotRootToWorkingDirectory() throws(SystemError) {
        guard c_pivot_root(".", ".") == 0 else { throw .last("pivot_root") }
        guard c_umount2(".", c_detach) == 0 else { throw .last("umount2") }
    }

    /// Moves this mount onto the root of the mount namespace. The corresponding system call is `move_mount`.
    public borrowing func moveOntoRoot() throws(SystemError) {
        guard c_move_mount(rawValue, "", AT_FDCWD, "/", UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else { throw .last("move_mount") }
    }

    /// Detaches the mount at a path. A symbolic link as the last component isn't followed. The corresponding system call is
    /// `umount2`.
    public static func detach(_ path: ByteString) throws(SystemError) {
        guard path.withCString({ c_umount2($0, c_detach | c_no_follow) }) == 0 else { throw .last("umount2") }
    }
}
