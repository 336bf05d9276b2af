import Bytes
import Linux

/// The user namespace that the runtime itself is in.
enum UserNamespace {
    /// Whether it's another than the machine's first: then not all ids are mapped. user_namespaces(7).
    static func isInside(_ procfs: borrowing ProcFileSystem) -> Bool {
        guard let own = try? procfs.own(), let map = try? procfs.read(own + "/uid_map") else { return false }
        let fields = map.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map { ByteString($0) }
        return fields != ["0", "0", "4294967295"]
    }
}
