import Bytes
import Errors
import Linux
import OCI

/// The user and group ids of a user namespace: user_namespaces(7), "User and group ID mappings".
struct IDMappings: Sendable {
    let uids: [IDMapping]
    let gids: [IDMapping]

    var isEmpty: Bool { uids.isEmpty && gids.isEmpty }

    /// Refuses mappings whose text is too long for the kernel.
    ///
    /// - Parameter pointer: The JSON pointer of the object with the properties `uidMappings` and `gidMappings`.
    /// - Throws: `unsupported` if the mappings are too long.
    func check(_ pointer: String) throws(RuntimeError) {
        try uids.checkSize(pointer + "/uidMappings")
        try gids.checkSize(pointer + "/gidMappings")
    }
}

extension [IDMapping] {
    /// The id outside the user namespace for an id inside: nil if the id isn't mapped.
    func hostID(of id: UInt32) -> UInt32? {
        first { id >= $0.containerID && UInt64(id) < UInt64($0.containerID) + UInt64($0.size) }.map {
            $0.hostID + (id - $0.containerID)
        }
    }

    /// The text for uid_map or gid_map: user_namespaces(7).
    var text: [UInt8] {
        var text: [UInt8] = []
        for mapping in self {
            text += ByteString(decimal: mapping.containerID).bytes + [0x20] + ByteString(decimal: mapping.hostID).bytes + [0x20]
            text += ByteString(decimal: mapping.size).bytes + [0x0A]
        }
        return text
    }

    /// The kernel refuses texts of a page or more (user_namespaces(7)).
    fileprivate func checkSize(_ pointer: String) throws(RuntimeError) {
        // 100 mappings always fit into a page.
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
