/// How untrusted text is escaped in a line of output. Bytes that aren't UTF-8 become U+FFFD in all of them.
public enum Escaping: Sendable {
    /// The inside of a JSON string, RFC 8259.
    case json
    /// The inside of a quoted string as Go's `%q` writes it: logrus's text format.
    case quoted
    /// Text on a person's terminal: control characters are escaped, and all others stay as they are.
    case terminal
}

extension [UInt8] {
    /// Appends the text itself.
    public mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends `text`, escaped so that it can't control a terminal or end the line or the string.
    public mutating func append(_ text: ByteString, escaping: Escaping) {
        if text.bytes.allSatisfy({ isPlain($0) }) {
            self += text.bytes
        } else {
            append(text.displayText, escaping: escaping, limit: .max)
        }
    }

    /// Appends `text`, escaped so that it can't end the line or the string, or control a terminal.
    ///
    /// - Parameters:
    ///   - text: the text to append.
    ///   - escaping: how it is escaped.
    ///   - limit: the maximum number of bytes to append. A longer text is cut between two characters and ends in "…".
    public mutating func append(_ text: String, escaping: Escaping, limit: Int) {
        let ellipsis: StaticString = "…"
        let start = count
        // The last place where the ellipsis still fits.
        var cut = start
        for scalar in text.unicodeScalars {
            if count - start <= limit - ellipsis.utf8CodeUnitCount { cut = count }
            append(scalar, escaping: escaping)
            if count - start > limit {
                removeSubrange(cut...)
                append(ellipsis)
                return
            }
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, escaping: Escaping) {
        let value = scalar.value
        switch (scalar, escaping) {
        case ("\"", .json), ("\"", .quoted), ("\\", .json), ("\\", .quoted):
            append(UInt8(ascii: "\\"))
            append(UInt8(truncatingIfNeeded: value))
        case ("\n", _): append("\\n")
        case ("\r", _): append("\\r")
        case ("\t", _): append("\\t")
        default:
            if isObeyed(scalar) {
                let short = value < 0x80 && escaping != .json
                append(short ? "\\x" : "\\u")
                appendHexadecimal(UInt64(value), digits: short ? 2 : 4)
            } else {
                UTF8.encode(scalar, into: { append($0) })
            }
        }
    }
}

/// Whether the byte is a character that no escaping changes: nearly all texts have only such bytes.
private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// Whether a terminal or a reader of lines acts on the character instead of showing it: control characters (including U+0080 to
/// U+009F, some of which begin escape sequences too), line separators, and marks that change the direction of writing, with
/// which one text can look like another.
private func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
}
