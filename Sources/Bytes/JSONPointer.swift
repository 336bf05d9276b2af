extension ByteString {
    /// The text as a part of a JSON pointer (RFC 6901, chapter 3), for messages.
    public var escapedForJSONPointer: String {
        var escaped: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "~"): escaped.append("~0")
            case UInt8(ascii: "/"): escaped.append("~1")
            default: escaped.append(byte)
            }
        }
        return ByteString(escaped).displayText
    }
}
