import Bytes
import Errors
import Linux

/// An open directory of a cgroup, and the kernel's files in it.
final class CgroupDirectory: Sendable {
    /// The absolute path, for messages.
    let path: ByteString

    /// A descriptor opened with `O_PATH`.
    let descriptor: FileDescriptor

    init(path: ByteString, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Reads a file that isn't a list of processes; the line end is removed. The kernel gives its content as one record.
    func read(_ file: ByteString) throws(SystemError) -> ByteString {
        ByteString(try descriptor.readFile(file, isOneRecord: true)).trimmed
    }

    /// Reads a file; nil if there is no such file.
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
    /// Opens a directory below this one. The path can't lead out of this directory, and not across a mount or a link.
    borrowing func openCgroup(_ relative: ByteString) throws(SystemError) -> FileDescriptor {
        try openWithin(relative, flags: [.path, .directory])
    }

    /// Opens a file below this directory. The path can't lead out of this directory, and not across a mount or a link.
    borrowing func openWithin(_ relative: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try openResolving(relative, flags: flags, resolve: [.beneath, .noLinks, .noMountCrossing])
    }
}
