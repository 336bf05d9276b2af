import Bytes
import CLinux
import Errors
import Linux

/// A directory that is removed when this object is released.
final class TemporaryDirectory: Sendable {
    let path: ByteString
    let descriptor: FileDescriptor

    init() throws {
        let stamp = ByteString(decimal: getpid()) + "-" + ByteString(decimal: Clock.monotonic())
        path = "/tmp/wherry-linux-" + stamp
        try FileDescriptor.open("/", flags: [.path, .directory]).makeDirectory(path, mode: 0o700)
        descriptor = try FileDescriptor.open(path, flags: [.readOnly, .directory])
    }

    deinit {
        let name = ByteString(path.bytes.dropFirst("/tmp/".utf8.count))
        try? FileDescriptor.open("/tmp", flags: [.readOnly, .directory]).removeAll(name)
    }

    func put(_ name: ByteString, _ text: String) throws {
        try descriptor.open(name, flags: [.writeOnly, .create, OpenFlags(rawValue: 0o1000)], mode: 0o600).writeAll(
            Array(text.utf8))
    }

    func link(_ name: ByteString, to target: ByteString) throws {
        let result = target.withCString { target in name.withCString { symlinkat(target, descriptor.rawValue, $0) } }
        guard result == 0 else { throw SystemError.last("symlinkat") }
    }

    func text(_ name: ByteString) throws -> String { ByteString(try descriptor.readFile(name)).displayText }

    func names(_ name: ByteString = ".") throws -> [ByteString] {
        try descriptor.open(name, flags: [.readOnly, .directory]).entries().map { $0.name }.ordered()
    }

    func mode(_ name: ByteString) throws -> UInt32 {
        try descriptor.open(name, flags: [.path, .noFollow]).status().permissions
    }
}
