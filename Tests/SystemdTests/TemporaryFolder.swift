import Bytes
import CLinux
import Errors
import Linux

/// A folder for sockets, which is removed when this object is released.
final class TemporaryFolder: Sendable {
    let path: ByteString

    init() throws {
        path = "/tmp/wherry-systemd-" + ByteString(decimal: getpid()) + "-" + ByteString(decimal: Clock.monotonic())
        try FileDescriptor.open("/", flags: [.path, .directory]).makeDirectory(path, mode: 0o700)
    }

    deinit { try? FileDescriptor.open("/tmp", flags: [.readOnly, .directory]).removeAll(path.dropFirst("/tmp/".utf8.count)) }

    /// A listening stream socket in the folder, whose queue has room for one connection.
    func listen(_ name: ByteString) throws -> SharedDescriptor {
        let number = socket(AF_UNIX, c_stream, 0)
        guard number >= 0 else { throw SystemError.last("socket") }
        let descriptor = SharedDescriptor(FileDescriptor(adopting: number))
        guard (path + "/" + name).withCString({ c_bind_unix(number, $0) }) == 0 else { throw SystemError.last("bind") }
        guard CLinux.listen(number, 0) == 0 else { throw SystemError.last("listen") }
        return descriptor
    }
}
