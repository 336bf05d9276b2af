import Bytes
import CLinux
import Errors
import Linux
import Testing

/// A test's own directory, which is removed with this object.
final class TemporaryDirectory: Sendable {
    let path: ByteString
    let descriptor: SharedDescriptor

    init() throws {
        var template = Array("/tmp/wherry-seccomp-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { ByteString(cString: $0) } ?? "" }
        descriptor = SharedDescriptor(try FileDescriptor.open(path, flags: [.readOnly, .directory]))
    }

    deinit { try? Self.remove(path, in: descriptor.file) }

    /// Removes the directory with everything in it.
    private static func remove(_ path: ByteString, in directory: borrowing FileDescriptor) throws(SystemError) {
        for name in try directory.entries().map({ $0.name }) {
            if let below = try? directory.open(name, flags: [.readOnly, .directory, .noFollow]) {
                try? remove(path + "/" + name, in: below)
            } else {
                try? directory.unlink(name)
            }
        }
        _ = path.withCString { rmdir($0) }
    }
}
