import Bytes
import OCI

/// The mappings in an option of crun's, such as `idmap=uids=0-1000-10#10-2000-5;gids=@0-0-10`.
///
/// Each triplet is an id on the file system, the host's id that its owner appears as, and the number of ids. After a "@" the
/// second one is an id in the container's user namespace.
struct IDMapOption {
    private(set) var uids: [IDMapping] = []
    private(set) var gids: [IDMapping] = []

    /// Reads the option's value. The result is nil if the text has another form, or names an id that the container's user
    /// namespace doesn't map.
    ///
    /// - Parameters:
    ///   - value: The text behind `idmap=` or `ridmap=`.
    ///   - container: The mappings of the container's user namespace. Without one an id is the host's own.
    init?(_ value: ByteString, in container: IDMappings) {
        for list in value.split(separator: UInt8(ascii: ";")) {
            guard let (name, triplets) = list.splitOnce(separator: UInt8(ascii: "=")) else { return nil }
            switch name {
            case "uids" where uids.isEmpty:
                guard let mappings = IDMapOption.mappings(triplets, container.uids) else { return nil }
                uids = mappings
            case "gids" where gids.isEmpty:
                guard let mappings = IDMapOption.mappings(triplets, container.gids) else { return nil }
                gids = mappings
            default: return nil
            }
        }
        guard !uids.isEmpty, !gids.isEmpty else { return nil }
    }

    private static func mappings(_ triplets: ByteString, _ container: [IDMapping]) -> [IDMapping]? {
        var mappings: [IDMapping] = []
        for triplet in triplets.split(separator: UInt8(ascii: "#")) {
            let isRelative = triplet.hasPrefix("@")
            let numbers = (isRelative ? triplet.dropFirst(1) : triplet).split(separator: UInt8(ascii: "-"))
            guard numbers.count == 3, let first: UInt32 = numbers[0].decimal(), let second: UInt32 = numbers[1].decimal(),
                let size: UInt32 = numbers[2].decimal(), size > 0
            else { return nil }
            guard let host = isRelative && !container.isEmpty ? container.hostID(of: second) : second else { return nil }
            mappings.append(IDMapping(containerID: first, hostID: host, size: size))
        }
        return mappings
    }
}
