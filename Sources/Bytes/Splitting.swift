// The standard library's `split` takes 1 KB of code for each type of collection and each closure. These functions for bytes
// have the same names and effect.

extension ArraySlice<UInt8> {
    @inline(never)
    public func split(separator: UInt8, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        let first = startIndex
        var start = first
        withUnsafeBufferPointer { bytes in
            var offset = 0
            while offset < bytes.count {
                if bytes[offset] == separator, parts.count < maxSplits {
                    let index = first + offset
                    if index > start || !omittingEmptySubsequences { parts.append(self[start..<index]) }
                    start = index + 1
                }
                offset += 1
            }
        }
        if start < endIndex || !omittingEmptySubsequences { parts.append(self[start...]) }
        return parts
    }
}

extension [UInt8] {
    public func split(separator: UInt8, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
        self[...].split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
    }
}

extension ByteString {
    /// The parts between spaces, tabs and line ends.
    @inline(never)
    public var words: [ByteString] {
        var words: [ByteString] = []
        var start = bytes.startIndex
        for index in 0...bytes.count where index == bytes.count || bytes[index].isSpace {
            if start < index { words.append(ByteString(bytes[start..<index])) }
            start = index + 1
        }
        return words
    }

    /// The part behind the last separator: all of the text if there is none.
    public func lastPart(separator: UInt8) -> ByteString {
        dropFirst(bytes.lastIndex(of: separator).map { $0 + 1 } ?? 0)
    }

    /// The text without leading and trailing spaces, tabs and line ends.
    public var trimmed: ByteString {
        var rest = bytes[...].drop { $0.isSpace }
        while let last = rest.last, last.isSpace { rest.removeLast() }
        return ByteString(rest)
    }
}

extension [ByteString] {
    /// One text with `separator` between the parts.
    public func joined(_ separator: UInt8) -> ByteString { joined(ByteString([separator])) }

    /// One text with `separator` between the parts.
    public func joined(_ separator: ByteString) -> ByteString {
        var all: [UInt8] = []
        for (index, part) in enumerated() {
            if index > 0 { all += separator.bytes }
            all += part.bytes
        }
        return ByteString(all)
    }
}

extension UInt8 {
    /// Whether this is a space, a tab or a line end.
    public var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\n") || self == UInt8(ascii: "\t") }
}
