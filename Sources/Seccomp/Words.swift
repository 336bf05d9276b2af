// Operations on bytes that process eight at a time: a profile and its filter have thousands of bytes, which every container's
// creation hashes and compares.
extension UnsafeRawBufferPointer {
    /// A hash of 64 bits, similar to the one by Fowler, Noll and Vo, for file names and for detecting damage.
    ///
    /// An attacker who chooses the bytes can make collisions. Each step is bijective, so two texts of the same length that
    /// differ in one word never have the same hash.
    var wordHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(count)
        for place in stride(from: 0, to: count, by: 8) {
            hash = (hash ^ word(at: place)) &* 0x100_0000_01b3
            // A changed bit only affects higher bits in the multiplication, so the upper half is mixed into the lower one.
            hash ^= hash >> 32
        }
        return hash
    }

    func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for place in stride(from: 0, to: count, by: 8) where word(at: place) != other.word(at: place) { return false }
        return true
    }

    /// The next eight bytes, or those that are left, as a number.
    private func word(at place: Int) -> UInt64 {
        if count - place >= 8 { return UInt64(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        var word: UInt64 = 0
        for index in place..<count { word = word << 8 | UInt64(self[index]) }
        return word
    }
}
