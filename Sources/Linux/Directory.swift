public import Bytes
import CLinux
public import Errors

extension FileDescriptor {
    /// The size in bytes of the longest path that the kernel accepts, its NUL included (`PATH_MAX`).
    public static var longestPath: Int { Int(PATH_MAX) }

    /// Opens a file, always close-on-exec. The corresponding C function is `openat`.
    public static func open(
        _ path: ByteString, at directory: Int32 = FileDescriptor.workingDirectory, flags: OpenFlags, mode: UInt32 = 0
    )
        throws(SystemError) -> FileDescriptor
    {
        while true {
            let descriptor = path.withCString { c_openat(directory, $0, flags.rawValue | O_CLOEXEC, mode) }
            if descriptor >= 0 { return FileDescriptor(descriptor, isMereReference: flags.contains(.path)) }
            let error = Errno.last
            if error == .EMFILE, DescriptorClosing.makesRoom() { continue }
            if error != .EINTR { throw SystemError("openat", errno: error) }
        }
    }

    /// Opens a file by its path relative to this directory. The corresponding C function is `openat`.
    public borrowing func open(_ path: ByteString, flags: OpenFlags, mode: UInt32 = 0) throws(SystemError) -> FileDescriptor {
        try .open(path, at: rawValue, flags: flags, mode: mode)
    }

    /// Opens a file by its path relative to this directory, with restrictions on the lookup. The call is repeated when the
    /// kernel sees the tree change during the lookup (EAGAIN). The corresponding system call is `openat2`.
    public borrowing func openResolving(_ path: ByteString, flags: OpenFlags, mode: UInt32 = 0, resolve: ResolveFlags)
        throws(SystemError) -> FileDescriptor
    {
        var attempts = 0
        while true {
            let descriptor = path.withCString {
                c_openat2(rawValue, $0, UInt64(flags.rawValue | O_CLOEXEC), UInt64(mode), resolve.rawValue)
            }
            if descriptor >= 0 { return FileDescriptor(descriptor, isMereReference: flags.contains(.path)) }
            let error = Errno.last
            if error == .EMFILE, DescriptorClosing.makesRoom() { continue }
            attempts += 1
            // The attempts are limited: otherwise a hostile process could keep us here for ever by renaming files.
            guard error == .EINTR || (error == .EAGAIN && attempts < 128) else { throw .last("openat2") }
        }
    }

    /// Reads a whole file by its path relative to this directory: see `readAll`.
    public borrowing func readFile(_ path: ByteString, limit: Int = 1 << 20, isOneRecord: Bool = false) throws(SystemError)
        -> [UInt8]
    {
        try open(path, flags: .readOnly).closedLater().readAll(limit: limit, isOneRecord: isOneRecord)
    }

    /// Writes all bytes to an existing file with a single `write`, as files of proc(5) and of cgroups require.
    public borrowing func writeFile(_ path: ByteString, _ bytes: [UInt8]) throws(SystemError) {
        let file = try open(path, flags: .writeOnly).closedLater()
        while true {
            let count = bytes.withUnsafeBytes { CLinux.write(file.rawValue, $0.baseAddress, bytes.count) }
            if count == bytes.count { return }
            if count >= 0 { throw SystemError("write", errno: .EIO) }
            if Errno.last != .EINTR { throw .last("write") }
        }
    }

    /// Makes a directory. The corresponding C function is `mkdirat`.
    public borrowing func makeDirectory(_ path: ByteString, mode: UInt32) throws(SystemError) {
        try retried("mkdirat") { path.withCString { mkdirat(rawValue, $0, mode) } }
    }

    /// Makes a directory, and with `parentMode` the missing directories above it. If a file of that name exists, of whatever
    /// kind, it stays as it is.
    public static func makeDirectories(_ path: ByteString, mode: UInt32, parentMode: UInt32) throws(SystemError) {
        let end = path.bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? path.bytes.startIndex
        let path = ByteString(path.bytes.prefix(end + 1))
        if try isMade(path, mode: mode) { return }
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else {
            throw SystemError("mkdir", errno: .ENOENT)
        }
        try makeDirectories(ByteString(path.bytes[..<slash]), mode: parentMode, parentMode: parentMode)
        guard try isMade(path, mode: mode) else { throw SystemError("mkdir", errno: .ENOENT) }
    }

    /// Makes a directory unless its name exists already.
    ///
    /// - Returns: false if the directory above it is missing.
    private static func isMade(_ path: ByteString, mode: UInt32) throws(SystemError) -> Bool {
        if path.withCString({ mkdir($0, mode) }) == 0 || Errno.last == .EEXIST { return true }
        guard Errno.last == .ENOENT else { throw .last("mkdir") }
        return false
    }

    /// Replaces a file in one step: readers see either the old content or the new one. The bytes are first written to a file
    /// named `temporary`, which is left behind if this process is killed meanwhile.
    public borrowing func replaceFile(_ name: ByteString, with bytes: [UInt8], mode: UInt32, temporary: ByteString)
        throws(SystemError)
    {
        let file = try makeFile(temporary, mode: mode).closedLater()
        do throws(SystemError) {
            try file.writeAll(bytes)
            try rename(temporary, to: name)
        } catch {
            try? unlink(temporary)
            throw error
        }
    }

    /// Makes a new file with this content. If this process is killed meanwhile, a part of it may be left behind.
    public borrowing func makeFile(_ name: ByteString, holding bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let file = try makeFile(name, mode: mode).closedLater()
        do throws(SystemError) {
            try file.writeAll(bytes)
        } catch {
            try? unlink(name)
            throw error
        }
    }

    /// Makes a new file for writing. An existing file of that name is removed first: it may be a symbolic link that somebody
    /// placed there.
    private borrowing func makeFile(_ name: ByteString, mode: UInt32) throws(SystemError) -> FileDescriptor {
        let flags: OpenFlags = [.writeOnly, .create, .exclusive, .noFollow]
        do throws(SystemError) {
            return try open(name, flags: flags, mode: mode)
        } catch  where error.errno == .EEXIST {
            try unlink(name)
            return try open(name, flags: flags, mode: mode)
        }
    }

    /// Makes a file of any kind except a directory. It follows no link, opens nothing and fails with EEXIST if the name exists.
    /// The corresponding C function is `mknodat`.
    @inline(never)
    public borrowing func makeNode(_ name: ByteString, _ kind: FileKind, mode: UInt32, _ device: DeviceID? = nil)
        throws(SystemError)
    {
        let number = dev_t(device?.rawValue ?? 0)
        guard name.withCString({ mknodat(rawValue, $0, kind.rawValue | mode & 0o7777, number) }) == 0 else {
            throw .last("mknodat")
        }
    }

    /// Makes a symbolic link. The corresponding C function is `symlinkat`.
    public borrowing func makeLink(_ name: ByteString, to target: ByteString) throws(SystemError) {
        guard target.withCString({ to in name.withCString { symlinkat(to, rawValue, $0) } }) == 0 else {
            throw .last("symlinkat")
        }
    }

    /// The target of a symbolic link, as text; nothing is opened. Any other file is EINVAL. The corresponding C function is
    /// `readlinkat`.
    @inline(never)
    public borrowing func readLink(_ name: ByteString) throws(SystemError) -> ByteString {
        var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = name.withCString { readlinkat(rawValue, $0, &text, text.count) }
        guard length > 0 else { throw .last("readlinkat") }
        return ByteString(text[..<length])
    }

    /// Changes the owner, and unless `group` is nil the group, of a file in this directory. A symbolic link isn't followed. The
    /// corresponding C function is `fchownat`.
    public borrowing func setOwner(of name: ByteString, user: UInt32, group: UInt32? = nil) throws(SystemError) {
        let result = name.withCString { fchownat(rawValue, $0, user, group ?? .max, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) }
        guard result == 0 else { throw .last("fchownat") }
    }

    /// Changes the owner, and unless `group` is nil the group, of this file. It must not be open with `OpenFlags.path`. The
    /// corresponding C function is `fchown`.
    public borrowing func setOwner(user: UInt32, group: UInt32? = nil) throws(SystemError) {
        guard fchown(rawValue, user, group ?? .max) == 0 else { throw .last("fchown") }
    }

    /// Changes the permissions of this file. The corresponding C function is `fchmod`.
    public borrowing func setMode(to mode: UInt32) throws(SystemError) {
        guard fchmod(rawValue, mode) == 0 else { throw .last("fchmod") }
    }

    /// Changes the permissions of a file by its path relative to this directory. Symbolic links are followed. The corresponding
    /// C function is `fchmodat`.
    public borrowing func setMode(of path: ByteString, to mode: UInt32) throws(SystemError) {
        guard path.withCString({ fchmodat(rawValue, $0, mode, 0) }) == 0 else { throw .last("fchmodat") }
    }

    /// Removes a file that isn't a directory. The corresponding C function is `unlinkat`.
    public borrowing func unlink(_ path: ByteString) throws(SystemError) { try unlink(path, flags: 0) }

    /// Removes an empty directory. The corresponding C function is `unlinkat` with `AT_REMOVEDIR`.
    @inline(never)
    public borrowing func removeDirectory(_ path: ByteString) throws(SystemError) { try unlink(path, flags: AT_REMOVEDIR) }

    /// Removes an empty directory by its path. The corresponding C function is `rmdir`.
    public static func removeDirectory(at path: ByteString) throws(SystemError) {
        guard path.withCString({ rmdir($0) }) == 0 else { throw .last("rmdir") }
    }

    private borrowing func unlink(_ path: ByteString, flags: Int32) throws(SystemError) {
        try retried("unlinkat") { path.withCString { unlinkat(rawValue, $0, flags) } }
    }

    /// Removes a file, or a directory with everything in it. Mounts are neither entered nor removed: they make the call fail,
    /// with EXDEV for a directory that is a mount point.
    public borrowing func removeAll(_ name: ByteString) throws(SystemError) {
        do throws(SystemError) {
            return try unlink(name)
        } catch  where error.errno == .EISDIR {
            let resolve: ResolveFlags = [.beneath, .noMountCrossing, .noLinks]
            let directory = try openResolving(name, flags: [.readOnly, .directory], resolve: resolve)
            for entry in try directory.entries() { try directory.removeAll(entry.name) }
            try removeDirectory(name)
        }
    }

    /// Renames a file within this directory. The corresponding C function is `renameat`.
    public borrowing func rename(_ from: ByteString, to: ByteString) throws(SystemError) {
        try retried("renameat") { from.withCString { from in to.withCString { to in renameat(rawValue, from, rawValue, to) } } }
    }

    /// The entries of this directory except "." and "..", in the kernel's order. The corresponding system call is `getdents64`.
    public borrowing func entries() throws(SystemError) -> [DirectoryEntry] {
        var found: [DirectoryEntry] = []
        let again = try open(".", flags: [.readOnly, .directory])
        var failure: SystemError?
        withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 8) { buffer in
            while let base = buffer.baseAddress {
                let count = c_getdents64(again.rawValue, base, UInt(buffer.count))
                if count == 0 { return }
                guard count > 0 else {
                    if Errno.last == .EINTR { continue }
                    failure = .last("getdents64")
                    return
                }
                var offset = 0
                // struct linux_dirent64 of getdents(2): 8 bytes inode, 8 offset, 2 length, 1 type, then the name.
                while offset < count {
                    let entry = base + offset
                    let length = Int(entry.load(fromByteOffset: 16, as: UInt16.self))
                    let name = ByteString(cString: (entry + 19).assumingMemoryBound(to: CChar.self))
                    if name != "." && name != ".." {
                        found.append(DirectoryEntry(name: name, code: entry.load(fromByteOffset: 18, as: UInt8.self)))
                    }
                    offset += length
                }
            }
        }
        if let failure { throw failure }
        return found
    }
}

/// An entry of a directory. See getdents(2).
public struct DirectoryEntry: Sendable {
    public let name: ByteString
    private let code: UInt8

    fileprivate init(name: ByteString, code: UInt8) {
        self.name = name
        self.code = code
    }

    /// The kind of the file; nil if the file system doesn't tell it here (`DT_UNKNOWN`).
    public var type: FileKind? { FileKind(rawValue: UInt32(code) << 12) }
}

/// Whether a file exists at a path or, with `forExecution`, may be executed. The corresponding C function is `access`.
public func isAccessible(_ path: ByteString, forExecution: Bool = false) -> Bool {
    path.withCString { access($0, forExecution ? X_OK : F_OK) } == 0
}

/// Repeats a call while signals interrupt it (EINTR).
func retried(_ call: StaticString, _ body: () -> Int32) throws(SystemError) {
    while body() != 0 {
        guard Errno.last == .EINTR else { throw .last(call) }
    }
}
