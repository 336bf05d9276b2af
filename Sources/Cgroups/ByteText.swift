import Bytes

extension ByteString {
    /// What stands between spaces and line ends.
    var words: [ByteString] {
        bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") }.map { ByteString($0) }
    }

    /// Without the space and line ends around it.
    var trimmed: ByteString {
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") }
        var rest = bytes[...].drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return ByteString(rest)
    }

    /// The whole as a text in quotation marks, for messages.
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
