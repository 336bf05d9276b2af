import Bytes

/// The last member of a record, a checksum of all bytes before it.
///
/// A record in which one digit has changed could still be parsed, and name another container's process or cgroup. So a record
/// that doesn't match its checksum counts as damaged. This protects against accidents, not against attacks: only the owner can
/// write there.
enum RecordChecksum {
    private static let name: ByteString = ",\"checksum\":\""
    private static let end: ByteString = "\"}"
    private static let length = name.count + 16 + end.count

    /// The member and the closing brace of the object that begins with `bytes`.
    static func member(for bytes: ArraySlice<UInt8>) -> [UInt8] {
        var member = name.bytes
        member.appendHexadecimal(fnv1a(bytes), digits: 16)
        return member + end.bytes
    }

    /// Whether a whole record matches its checksum.
    static func holds(for record: [UInt8]) -> Bool {
        guard record.count > length else { return false }
        return record.suffix(length).elementsEqual(member(for: record.dropLast(length)))
    }

    /// The 64-bit FNV-1a hash. Each of its steps is one-to-one, so texts that differ in a single byte never have the same hash.
    private static func fnv1a(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
