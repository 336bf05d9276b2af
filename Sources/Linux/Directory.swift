public import Bytes
public import CLinux
public import Errors

extension FileDescriptor {
    /// Opens a file, always close-on-exec. The corresponding C function is `openat`.
    public static func open(_ path: ByteString, at directory: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0)
        throws(SystemError) -> FileDescriptor
    {
        while true {
            let descriptor = path.withCString { c_openat(directory, $0, flags | O_CLOEXEC, mode) }
            if descriptor >= 0 { return FileDescriptor(adopting: descriptor) }
            if c_errno() != EINTR { throw .last("openat") }
        }
    }

    /// Opens a file below this directory. The corresponding C function is `openat`.
    public borrowing func open(_ path: ByteString, flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
        try .open(path, at: rawValue, flags: flags, mode: mode)
    }

    /// The corresponding system call is `openat2`. Where the kernel saw the tree change under way (EAGAIN), it's asked again.
    public borrowing func openResolving(_ path: ByteString, flags: Int32, mode: mode_t = 0, resolve: UInt64)
        throws(SystemError) -> FileDescriptor
    {
        var attempts = 0
        while true {
            let descriptor = path.withCString {
                c_openat2(rawValue, $0, UInt64(flags | O_CLOEXEC), UInt64(mode), resolve)
            }
            if descriptor >= 0 { return FileDescriptor(adopting: descriptor) }
            let error = c_errno()
            attempts += 1
            // Bounded: a hostile process could otherwise rename without end and keep us here.
            guard error == EINTR || (error == EAGAIN && attempts < 128) else { throw .last("openat2") }
        }
    }

    /// Reads a whole file below this directory, `limit` bytes at most.
    public borrowing func readFile(_ path: ByteString, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        try open(path, flags: O_RDONLY).readAll(limit: limit)
    }

    /// Writes to a file that exists below this directory in one `write`, as the kernel's own files want it.
    public borrowing func writeFile(_ path: ByteString, _ bytes: [UInt8]) throws(SystemError) {
        let file = try open(path, flags: O_WRONLY)
        while true {
            let count = bytes.withUnsafeBytes { write(file.rawValue, $0.baseAddress, bytes.count) }
            if count == bytes.count { return }
            if count >= 0 { throw SystemError("write", errno: EIO) }
            if c_errno() != EINTR { throw .last("write") }
        }
    }

    /// The corresponding C function is `mkdirat`.
    public borrowing func makeDirectory(_ path: ByteString, mode: mode_t) throws(SystemError) {
        try retried("mkdirat") { path.withCString { mkdirat(rawValue, $0, mode) } }
    }

    /// Makes a directory, and those above it that are missing, with `parentMode`. Whatever has its name already is taken as it is.
    public static func makeDirectories(_ path: ByteString, mode: mode_t, parentMode: mode_t) throws(SystemError) {
        let end = path.bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? path.bytes.startIndex
        let path = ByteString(path.bytes.prefix(end + 1))
        if try isMade(path, mode: mode) { return }
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else {
            throw SystemError("mkdir", errno: ENOENT)
        }
        try makeDirectories(ByteString(path.bytes[..<slash]), mode: parentMode, parentMode: parentMode)
        guard try isMade(path, mode: mode) else { throw SystemError("mkdir", errno: ENOENT) }
    }

    /// - Returns: false where there is nothing to make it in.
    private static func isMade(_ path: ByteString, mode: mode_t) throws(SystemError) -> Bool {
        if path.withCString({ mkdir($0, mode) }) == 0 || c_errno() == EEXIST { return true }
        guard c_errno() == ENOENT else { throw .last("mkdir") }
        return false
    }

    /// Puts a file with these bytes in the place of what has its name: as a whole, or not at all. It's written under the name
    /// `temporary` first, and whoever is killed meanwhile leaves that file.
    public borrowing func replaceFile(_ name: ByteString, with bytes: [UInt8], mode: mode_t, temporary: ByteString)
        throws(SystemError)
    {
        let file = try makeFile(temporary, mode: mode)
        do throws(SystemError) {
            try file.writeAll(bytes)
            try rename(temporary, to: name)
        } catch {
            try? unlink(temporary)
            throw error
        }
    }

    /// A new file. What stands in its place is removed: it may be a link of somebody's, and nothing is opened through that.
    private borrowing func makeFile(_ name: ByteString, mode: mode_t) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        do throws(SystemError) {
            return try open(name, flags: flags, mode: mode)
        } catch  where error.errno == EEXIST {
            try unlink(name)
            return try open(name, flags: flags, mode: mode)
        }
    }

    /// The corresponding C function is `fchmodat`, which follows links.
    public borrowing func setMode(of path: ByteString, to mode: mode_t) throws(SystemError) {
        guard path.withCString({ fchmodat(rawValue, $0, mode, 0) }) == 0 else { throw .last("fchmodat") }
    }

    /// The corresponding C function is `unlinkat`; with `AT_REMOVEDIR` it removes an empty directory.
    public borrowing func unlink(_ path: ByteString, flags: Int32 = 0) throws(SystemError) {
        try retried("unlinkat") { path.withCString { unlinkat(rawValue, $0, flags) } }
    }

    /// Removes a file, or a directory with all that is in it. What is mounted there is neither entered nor removed: then it fails with
    /// EXDEV.
    public borrowing func removeAll(_ name: ByteString) throws(SystemError) {
        do throws(SystemError) {
            return try unlink(name)
        } catch  where error.errno == EISDIR {
            let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS)
            let directory = try openResolving(name, flags: O_RDONLY | O_DIRECTORY, resolve: resolve)
            for entry in try directory.entries() { try directory.removeAll(entry.name) }
            try unlink(name, flags: AT_REMOVEDIR)
        }
    }

    /// The corresponding C function is `renameat`, within this directory.
    public borrowing func rename(_ from: ByteString, to: ByteString) throws(SystemError) {
        try retried("renameat") { from.withCString { from in to.withCString { to in renameat(rawValue, from, rawValue, to) } } }
    }

    /// Whether there is something of that name; a symbolic link counts as itself. What can't be found out is an error.
    public borrowing func contains(_ name: ByteString) throws(SystemError) -> Bool {
        try FileDescriptor.exists(name, at: rawValue)
    }

    /// The same for a path, from `directory` on if it's relative. The corresponding C function is `fstatat`.
    public static func exists(_ path: ByteString, at directory: Int32 = AT_FDCWD) throws(SystemError) -> Bool {
        var status = stat()
        do throws(SystemError) {
            try retried("fstatat") { path.withCString { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } }
            return true
        } catch  where error.errno == ENOENT {
            return false
        }
    }

    /// The names in this directory but "." and "..", in the kernel's order. The corresponding system call is `getdents64`.
    public borrowing func entries() throws(SystemError) -> [(name: ByteString, type: UInt8)] {
        var found: [(name: ByteString, type: UInt8)] = []
        let again = try open(".", flags: O_RDONLY | O_DIRECTORY)
        var failure: SystemError?
        withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 8) { buffer in
            while let base = buffer.baseAddress {
                let count = c_getdents64(again.rawValue, base, UInt(buffer.count))
                if count == 0 { return }
                guard count > 0 else {
                    if c_errno() == EINTR { continue }
                    failure = .last("getdents64")
                    return
                }
                var offset = 0
                // struct linux_dirent64 of getdents(2): 8 bytes inode, 8 offset, 2 length, 1 type, then the name.
                while offset < count {
                    let entry = base + offset
                    let length = Int(entry.load(fromByteOffset: 16, as: UInt16.self))
                    let name = ByteString(cString: (entry + 19).assumingMemoryBound(to: CChar.self))
                    if name != "." && name != ".." { found.append((name, entry.load(fromByteOffset: 18, as: UInt8.self))) }
                    offset += length
                }
            }
        }
        if let failure { throw failure }
        return found
    }
}

/// Makes a call again for as long as a signal interrupts it (EINTR).
func retried(_ call: StaticString, _ body: () -> Int32) throws(SystemError) {
    while body() != 0 {
        guard c_errno() == EINTR else { throw .last(call) }
    }
}
