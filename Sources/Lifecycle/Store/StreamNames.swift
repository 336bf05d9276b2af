import Bytes
import Linux

/// What tells the standard streams of a container apart: "pipe:[NUMBER]", "file[MOUNT:INODE]". Kept in its record for `checkpoint`.
enum StreamNames {
    /// Of our own streams, which become the container's: "pipe:[NUMBER]", "file[MOUNT:INODE]", or nothing for what is neither.
    ///
    /// Read when the container is made: later on it can have anything in their place.
    static func current() -> [ByteString] { (0..<3).map { name(of: $0) } }

    private static func name(of number: Int32) -> ByteString {
        guard let status = try? FileStatus(of: number) else { return "" }
        switch status.kind {
        case .fifo: return "pipe:[" + ByteString(decimal: status.inode) + "]"
        case .regular:
            let file: ByteString = "/proc/self/fdinfo/" + ByteString(decimal: number)
            guard let text = try? FileDescriptor.open(file, flags: .readOnly).readAll(limit: 4096),
                let mount = ProcessStatus(text).numbers("mnt_id:")?.first
            else { return "" }
            return "file[" + ByteString(hexadecimal: UInt64(mount)) + ":" + ByteString(hexadecimal: status.inode) + "]"
        default: return ""
        }
    }

    /// Whether criu has to be told of it when it dumps.
    static func isFile(_ name: ByteString) -> Bool { name.hasPrefix("file[") }

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
