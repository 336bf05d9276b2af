import Bytes

/// The last member of a record, which shows that no byte before it has changed.
///
/// A record with one changed digit could still be read, and name another's process or cgroup: so what doesn't match isn't believed.
/// It's for accidents: nobody but the owner can write there.
enum RecordChecksum {
    private static let name: ByteString = ",\"checksum\":\""
    private static let end: ByteString = "\"}"
    private static let length = name.count + 16 + end.count

    /// The member, and the brace that ends the object that `bytes` begin.
    static func member(for bytes: ArraySlice<UInt8>) -> [UInt8] {
        var member = name.bytes
        member.appendHexadecimal(fnv1a(bytes), digits: 16)
        return member + end.bytes
    }

    static func holds(for record: [UInt8]) -> Bool {
        guard record.count > length else { return false }
        return record.suffix(length).elementsEqual(member(for: record.dropLast(length)))
    }

    /// Fowler, Noll and Vo's hash of 64 bits. Each step is one to one: two texts that differ in one byte never have the same.
    private static func fnv1a(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
