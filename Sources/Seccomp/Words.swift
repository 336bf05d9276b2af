/// Bytes, looked at eight at a time: a profile and its filter have thousands, and are looked at for each container.
extension UnsafeRawBufferPointer {
    /// A hash of 64 bits, after the pattern of Fowler, Noll and Vo's: for names, and to notice damage. It doesn't withstand somebody who
    /// chooses the bytes. Each step is one to one, so two texts of the same length that differ in one word never have the same hash.
    var wordHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(count)
        for place in stride(from: 0, to: count, by: 8) {
            hash = (hash ^ word(at: place)) &* 0x100_0000_01b3
            // The multiplication carries changes upwards only.
            hash ^= hash >> 32
        }
        return hash
    }

    func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for place in stride(from: 0, to: count, by: 8) where word(at: place) != other.word(at: place) { return false }
        return true
    }

    /// Up to eight bytes, as a number.
    private func word(at place: Int) -> UInt64 {
        if count - place >= 8 { return UInt64(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        var word: UInt64 = 0
        for index in place..<count { word = word << 8 | UInt64(self[index]) }
        return word
    }
}
