import Bytes

extension ByteString {
    /// What stands between spaces and line ends.
    var words: [ByteString] {
        var words: [ByteString] = []
        var start = bytes.startIndex
        for index in 0...bytes.count where index == bytes.count || isSpace(bytes[index]) {
            if start < index { words.append(ByteString(bytes[start..<index])) }
            start = index + 1
        }
        return words
    }

    /// Without the space and line ends around it.
    var trimmed: ByteString {
        var rest = bytes[...].drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return ByteString(rest)
    }

    /// The whole as a text in quotation marks, for messages.
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
