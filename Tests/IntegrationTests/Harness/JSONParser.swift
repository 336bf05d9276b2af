/// A strict parser for the runtime's output: everything that RFC 8259 doesn't allow is an error, and so are duplicate names.
struct JSONParser {
    struct Malformed: Error, CustomStringConvertible {
        let reason: String
        let offset: Int
        let text: String
        var description: String { "not JSON: \(reason) at byte \(offset) of: \(text)" }
    }

    private let text: String
    private let bytes: [UInt8]
    private var position = 0

    private init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    /// Parses a text that must be one JSON value.
    static func parse(_ text: String) throws -> JSON {
        var parser = JSONParser(text)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.malformed("more than one value") }
        return value
    }

    private func malformed(_ reason: String) -> Malformed { Malformed(reason: reason, offset: position, text: text) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { position += 1 }
    }

    private mutating func take(_ expected: Character) -> Bool {
        skipSpace()
        guard next == expected.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value() throws -> JSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        default: return try scalar()
        }
    }

    private mutating func object() throws -> JSON {
        position += 1
        var members: [String: JSON] = [:]
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            let name = try string()
            guard take(":") else { throw malformed("no colon") }
            guard members.updateValue(try value(), forKey: name) == nil else { throw malformed("second \(name)") }
        } while take(",")
        guard take("}") else { throw malformed("unclosed object") }
        return .object(members)
    }

    private mutating func array() throws -> JSON {
        position += 1
        var elements: [JSON] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value()) } while take(",")
        guard take("]") else { throw malformed("unclosed array") }
        return .array(elements)
    }

    private mutating func scalar() throws -> JSON {
        let start = position
        while let byte = next, !" \n\r\t,]}".utf8.contains(byte) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "null": return .null
        case "true": return true
        case "false": return false
        default:
            guard let first = word.utf8.first, (0x30...0x39).contains(first) || first == 0x2D else { throw malformed("no value") }
            return Int(word).map(JSON.number) ?? .raw(word)
        }
    }

    private mutating func string() throws -> String {
        guard next == UInt8(ascii: "\"") else { throw malformed("no string") }
        position += 1
        var units: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw malformed("control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") { try units.append(contentsOf: escape()) } else { units.append(byte) }
        }
        guard next != nil else { throw malformed("unclosed string") }
        position += 1
        return String(decoding: units, as: UTF8.self)
    }

    private mutating func escape() throws -> [UInt8] {
        guard let kind = next else { throw malformed("unclosed string") }
        position += 1
        if kind == UInt8(ascii: "u") { return Array(String(Character(try escapedScalar())).utf8) }
        let plain: [UInt8: UInt8] = [
            0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
        ]
        guard let byte = plain[kind] else { throw malformed("unknown escape") }
        return [byte]
    }

    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let high = try hexadecimal()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard next == UInt8(ascii: "\\") else { throw malformed("half of a surrogate pair") }
        position += 2
        let low = try hexadecimal()
        guard let scalar = Unicode.Scalar(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)) else {
            throw malformed("bad surrogates")
        }
        return scalar
    }

    private mutating func hexadecimal() throws -> UInt32 {
        let end = position + 4
        guard end <= bytes.count, let number = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16) else {
            throw malformed("bad \\u escape")
        }
        position = end
        return number
    }
}
