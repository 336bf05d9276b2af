import Bytes
import Errors
import Linux

/// A cgroup's directory, held open, and the kernel's files in it.
final class CgroupDirectory: Sendable {
    /// Absolute, for messages.
    let path: ByteString

    /// `O_PATH`.
    let descriptor: FileDescriptor

    init(path: ByteString, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// The file's text without the line end.
    func read(_ file: ByteString) throws(SystemError) -> ByteString {
        ByteString(try descriptor.readFile(file)).trimmed
    }

    /// Nil where there is no such file.
    func readIfPresent(_ file: ByteString) throws(SystemError) -> ByteString? {
        do throws(SystemError) {
            return try read(file)
        } catch {
            if error.errno == .ENOENT { return nil }
            throw error
        }
    }

    func write(_ file: ByteString, _ value: ByteString) throws(SystemError) {
        try descriptor.writeFile(file, value.bytes)
    }

    func has(_ file: ByteString) throws(SystemError) -> Bool { try descriptor.contains(file) }
}

extension FileDescriptor {
    /// Opens a directory below this one, by a path that can't lead out of it nor over a mount.
    borrowing func openCgroup(_ relative: ByteString) throws(SystemError) -> FileDescriptor {
        try openWithin(relative, flags: [.path, .directory])
    }

    borrowing func openWithin(_ relative: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try openResolving(relative, flags: flags, resolve: [.beneath, .noLinks, .noMountCrossing])
    }
}
