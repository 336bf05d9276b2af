import Bytes

extension ByteString {
    /// The parts between spaces, tabs and line ends.
    var words: [ByteString] {
        var words: [ByteString] = []
        var start = bytes.startIndex
        for index in 0...bytes.count where index == bytes.count || isSpace(bytes[index]) {
            if start < index { words.append(ByteString(bytes[start..<index])) }
            start = index + 1
        }
        return words
    }

    /// The text without leading and trailing spaces, tabs and line ends.
    var trimmed: ByteString {
        var rest = bytes[...].drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return ByteString(rest)
    }

    /// The text in quotation marks, for messages.
    var quoted: String { "\"" + displayText + "\"" }
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
}

extension [ByteString] {
    /// One text with `separator` between the parts.
    func joined(_ separator: UInt8) -> ByteString {
        var all: [UInt8] = []
        for (index, part) in enumerated() {
            if index > 0 { all.append(separator) }
            all += part.bytes
        }
        return ByteString(all)
    }
}
