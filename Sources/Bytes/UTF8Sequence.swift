extension UnsafeBufferPointer<UInt8> {
    /// The length in bytes of the UTF-8 character that begins at `index`; nil if none begins there. As RFC 3629 demands,
    /// overlong forms, surrogates and characters beyond U+10FFFF are invalid.
    public func characterLength(at index: Int) -> Int? {
        let first = self[index]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0..<0x80: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard index + length <= count, second.contains(self[index + 1]) else { return nil }
        for place in index + 2..<Swift.max(index + length, index + 2) where self[place] & 0xC0 != 0x80 { return nil }
        return length
    }
}
