import Bytes
import CLinux
import Errors
import Linux
import OCI

/// What a container's standard streams were when it was made: pipes or files of its caller's, by which a restored container is
/// connected to those that its new caller brings. Kept in the image under runc's name and in its form.
enum StandardStreamNames {
    static let fileName: ByteString = "descriptors.json"

    /// Of our own streams, which become the container's: "pipe:[NUMBER]", "file[MOUNT:INODE]", or nothing for what is neither.
    ///
    /// Read when the container is made: later on it can have anything in their place.
    static func current() -> [ByteString] { (0..<3).map { name(of: $0) } }

    private static func name(of number: Int32) -> ByteString {
        var status = stat()
        guard fstat(number, &status) == 0 else { return "" }
        switch status.kind {
        case .fifo: return "pipe:[" + ByteString(decimal: status.st_ino) + "]"
        case .regular:
            let file: ByteString = "/proc/self/fdinfo/" + ByteString(decimal: number)
            guard let text = try? FileDescriptor.open(file, flags: O_RDONLY).readAll(limit: 4096),
                let mount = ProcessStatus(text).numbers("mnt_id:")?.first
            else { return "" }
            return "file[" + ByteString(hexadecimal: UInt64(mount)) + ":" + ByteString(hexadecimal: UInt64(status.st_ino)) + "]"
        default: return ""
        }
    }

    /// Whether criu has to be told of it when it dumps.
    static func isFile(_ name: ByteString) -> Bool { name.hasPrefix("file[") }

    private static func isName(_ name: ByteString) -> Bool {
        guard name.hasPrefix("pipe:[") || isFile(name), name.bytes.last == UInt8(ascii: "]") else { return false }
        return name.bytes[5..<(name.count - 1)].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: ":"),
                UInt8(ascii: "["):
                true
            default: false
            }
        }
    }

    static func write(_ names: [ByteString], to image: ImageDirectory) throws(RuntimeError) {
        var json = JSONWriter(.compact)
        json.array { json in
            for name in names { json.element(name) }
        }
        let bytes = json.bytes
        try explaining(.checkpoint, "the image can't be written", path: image.path) { () throws(SystemError) in
            _ = fileName.withCString { unlinkat(image.descriptor.rawValue, $0, 0) }
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            try FileDescriptor.open(fileName, at: image.descriptor.rawValue, flags: flags, mode: 0o600).writeAll(bytes)
        }
    }

    /// The streams that the image knows by a name.
    static func read(from image: ImageDirectory) throws(RuntimeError) -> [(number: Int, name: ByteString)] {
        let bytes = try explaining(
            .checkpoint, "\"" + image.path.displayText + "\" holds no image of a container", path: image.path + "/" + fileName,
            hint: "make one with wherry checkpoint; --pre-dump alone makes none"
        ) { () throws(SystemError) in
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
            return try FileDescriptor.open(fileName, at: image.descriptor.rawValue, flags: flags).readAll(limit: 64 * 1024)
        }
        guard let names = try? JSONValue(parsing: bytes) else {
            throw RuntimeError(.checkpoint, "the image is damaged", path: image.path + "/" + fileName)
        }
        return names.elements.prefix(3).enumerated().compactMap { number, element in
            guard let name = element.string, isName(name) else { return nil }
            return (number, name)
        }
    }
}
