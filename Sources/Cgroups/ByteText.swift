import Bytes

extension ByteString {
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
