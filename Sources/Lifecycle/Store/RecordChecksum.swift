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
    static func member(for bytes: ArraySlice<UInt8>, isOld: Bool = false) -> [UInt8] {
        var member = name.bytes
        member.appendHexadecimal(hash(bytes, wordLength: isOld ? 1 : 8), digits: 16)
        return member + end.bytes
    }

    /// Whether a whole record matches its checksum. An old record, of version 2, has the 64-bit FNV-1a of all bytes.
    static func holds(for record: [UInt8], isOld: Bool) -> Bool {
        let end = record.count - length
        guard end > 0 else { return false }
        return record[end...].elementsEqual(member(for: record[..<end], isOld: isOld))
    }

    /// A hash like the 64-bit FNV-1a, but of eight bytes at a time: every command checks a record. Each step is one-to-one, so
    /// texts that differ in a single byte never have the same hash.
    private static func hash(_ text: ArraySlice<UInt8>, wordLength: Int) -> UInt64 {
        text.withUnsafeBytes { bytes in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            var offset = 0
            while offset < bytes.count {
                let isWord = wordLength == 8 && offset + 8 <= bytes.count
                let part = isWord ? bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : UInt64(bytes[offset])
                hash = (hash ^ part) &* 0x100_0000_01b3
                // Multiplying carries bits to the left only.
                if wordLength == 8 { hash ^= hash &>> 32 }
                offset += isWord ? 8 : 1
            }
            return hash
        }
    }
}
