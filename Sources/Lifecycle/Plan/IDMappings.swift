import Bytes
import Errors
import Linux
import OCI

/// The user and group ids of a user namespace: user_namespaces(7), "User and group ID mappings".
struct IDMappings: Sendable {
    let uids: [IDMapping]
    let gids: [IDMapping]

    var isEmpty: Bool { uids.isEmpty && gids.isEmpty }

    /// Refuses mappings that the kernel doesn't take. `pointer`: the object with the properties `uidMappings` and `gidMappings`.
    func check(_ pointer: String) throws(RuntimeError) {
        try uids.checkSize(pointer + "/uidMappings")
        try gids.checkSize(pointer + "/gidMappings")
    }
}

extension [IDMapping] {
    /// The id outside that stands for one inside: nil where it has no place.
    func hostID(of id: UInt32) -> UInt32? {
        first { id >= $0.containerID && UInt64(id) < UInt64($0.containerID) + UInt64($0.size) }.map {
            $0.hostID + (id - $0.containerID)
        }
    }

    /// What is written to uid_map or gid_map.
    var text: [UInt8] {
        var text: [UInt8] = []
        for mapping in self {
            text += ByteString(decimal: mapping.containerID).bytes + [0x20] + ByteString(decimal: mapping.hostID).bytes + [0x20]
            text += ByteString(decimal: mapping.size).bytes + [0x0A]
        }
        return text
    }

    /// The kernel takes no text of a page or more (user_namespaces(7)).
    fileprivate func checkSize(_ pointer: String) throws(RuntimeError) {
        // Fewer than 100 always fit.
        guard count > 100 else { return }
        let (size, most) = (text.count, OwnProcess.pageSize - 1)
        guard size <= most else {
            throw RuntimeError(
                .unsupported,
                "the " + String(count) + " mappings have " + String(size) + " bytes as text, and the kernel takes "
                    + String(most),
                pointer: pointer, hint: "join neighbouring ranges into one")
        }
    }
}
