import Bytes
import Linux

/// Names for a container's standard streams, as criu knows them: "pipe:[INODE]" and "file[MOUNT:INODE]". The record keeps them
/// for `checkpoint`.
enum StreamNames {
    /// The names of our own standard streams, which become the container's. A stream that is neither a pipe nor a file has an
    /// empty name.
    ///
    /// They're read when the container is made. Later the container can have replaced its streams by anything.
    static func current() -> [ByteString] { (0..<3).map { name(of: $0) } }

    private static func name(of number: Int32) -> ByteString {
        guard let status = try? FileStatus(of: number) else { return "" }
        switch status.kind {
        case .fifo: return "pipe:[" + ByteString(decimal: status.inode) + "]"
        case .regular:
            let file: ByteString = "/proc/self/fdinfo/" + ByteString(decimal: number)
            guard let text = try? FileDescriptor.open(file, flags: .readOnly).readAll(limit: 4096, isOneRecord: true),
                let mount = ProcessStatus(text).numbers("mnt_id:")?.first
            else { return "" }
            return "file[" + ByteString(hexadecimal: UInt64(mount)) + ":" + ByteString(hexadecimal: status.inode) + "]"
        default: return ""
        }
    }

    /// Whether the name is a file's. criu must be told of such a stream when it dumps.
    static func isFile(_ name: ByteString) -> Bool { name.hasPrefix("file[") }

    /// Whether a text has the form of a name.
    static func isName(_ name: ByteString) -> Bool {
        guard name.hasPrefix("pipe:[") || isFile(name), name.bytes.last == UInt8(ascii: "]") else { return false }
        return name.bytes[5..<(name.count - 1)].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "["): true
            default: byte.hexadecimalValue != nil
            }
        }
    }
}
