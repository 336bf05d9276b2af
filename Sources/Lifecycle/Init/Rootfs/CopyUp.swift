import Bytes
import Errors
import Linux

/// The mount option `tmpcopyup`: a tmpfs starts with a copy of its mount point's files.
///
/// These files may be hostile. They're reached only by descriptors, no link is followed, only regular files and directories are
/// opened, and bytes, files and depth are limited.
struct CopyUp {
    private var bytesLeft = 256 << 20
    private var filesLeft = 100_000

    private static let depthLimit = 64

    /// Copies a directory's files into an empty tmpfs.
    ///
    /// - Parameters:
    ///   - source: The directory.
    ///   - tmpfs: The root of the tmpfs.
    ///   - keepsMode: Whether the root keeps its own mode and owner, because the configuration sets the mode.
    /// - Throws: The first failed system call: E2BIG for too many files, EFBIG for too many bytes, ELOOP for too many levels.
    static func copy(_ source: borrowing FileDescriptor, into tmpfs: borrowing FileDescriptor, keepsMode: Bool)
        throws(SystemError)
    {
        var copy = CopyUp()
        let directory = try source.open(".", flags: [.readOnly, .directory])
        let target = try tmpfs.open(".", flags: [.readOnly, .directory])
        try copy.contents(of: directory, into: target, depth: 0)
        if !keepsMode { try own(target, try directory.status()) }
    }

    private mutating func contents(of source: borrowing FileDescriptor, into target: borrowing FileDescriptor, depth: Int)
        throws(SystemError)
    {
        guard depth < CopyUp.depthLimit else { throw SystemError("openat", errno: .ELOOP) }
        for entry in try source.entries() {
            filesLeft -= 1
            guard filesLeft >= 0 else { throw SystemError("getdents64", errno: .E2BIG) }
            let place = try source.open(entry.name, flags: [.path, .noFollow])
            let status = try place.status()
            switch status.kind {
            case .directory:
                let below = try source.open(entry.name, flags: [.readOnly, .directory, .noFollow])
                try target.makeDirectory(entry.name, mode: 0o700)
                let made = try target.open(entry.name, flags: [.readOnly, .directory, .noFollow])
                try contents(of: below, into: made, depth: depth + 1)
                try CopyUp.own(made, status)
            case .regular: try file(entry.name, from: source, to: target)
            case .link: try link(entry.name, from: source, to: target)
            case .fifo:
                try target.makeNode(entry.name, .fifo, mode: status.permissions)
            // A socket is useless without its listener, and only the configuration may give devices.
            default: break
            }
        }
    }

    private mutating func file(_ name: ByteString, from source: borrowing FileDescriptor, to target: borrowing FileDescriptor)
        throws(SystemError)
    {
        let original = try source.open(name, flags: [.readOnly, .noFollow, .nonBlocking, .noControllingTerminal])
        let status = try original.status()
        guard status.kind == .regular else { throw SystemError("openat", errno: .EBUSY) }
        bytesLeft -= status.size
        guard bytesLeft >= 0 else { throw SystemError("sendfile", errno: .EFBIG) }
        let made = try target.open(name, flags: [.writeOnly, .create, .exclusive, .noFollow], mode: 0o600)
        // The file may have become shorter meanwhile.
        _ = try original.copy(status.size, to: made)
        try CopyUp.own(made, status)
    }

    private func link(_ name: ByteString, from source: borrowing FileDescriptor, to target: borrowing FileDescriptor)
        throws(SystemError)
    {
        try target.makeLink(name, to: try source.readLink(name))
    }

    /// Sets the owner and the mode. The owner comes first, because changing it clears the set-user-id bit.
    private static func own(_ file: borrowing FileDescriptor, _ status: FileStatus) throws(SystemError) {
        // A file whose owner has no id in the user namespace stays root's.
        do throws(SystemError) {
            try file.setOwner(user: status.user, group: status.group)
        } catch  where error.errno == .EINVAL {}
        try file.setMode(to: status.permissions)
    }
}
