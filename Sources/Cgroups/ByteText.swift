import Bytes

extension ByteString {
    /// The text without leading and trailing spaces, tabs and line ends.
    var trimmed: ByteString {
        var rest = bytes[...].drop { $0.isSpace }
        while let last = rest.last, last.isSpace { rest.removeLast() }
        return ByteString(rest)
    }

    /// The text in quotation marks, for messages.
    var quoted: String { "\"" + displayText + "\"" }
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
