import Bytes
import Errors

extension JSONValue {
    /// An error about this value.
    func error(_ sentence: String, hint: String? = nil) -> RuntimeError {
        let pointer = document.pointer(to: node)
        return RuntimeError(.invalidConfig, sentence, pointer: pointer.isEmpty ? nil : pointer, hint: hint)
    }

    /// The error for a value of the wrong type. `expected` names the right one, such as "a string".
    func mismatch(_ expected: StaticString) -> RuntimeError {
        error("expected " + expected.description + ", found " + description)
    }

    /// The value as error messages describe it. A string isn't quoted: a string in the wrong place may be a secret.
    var description: String {
        switch document.nodes[node].kind {
        case .null: "null"
        case .true: "true"
        case .false: "false"
        case .number: "the number " + clipped(document.copy(of: node))
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension RuntimeError {
    /// Makes the error for a text that isn't a JSON document.
    init(_ error: JSONError, in text: [UInt8]) {
        self.init(
            .invalidConfig, error.sentence(in: text), pointer: error.pointer.isEmpty ? nil : error.pointer,
            hint: error.hint(in: text))
    }
}

private let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

extension JSONError {
    fileprivate func sentence(in text: [UInt8]) -> String {
        switch reason {
        case .encoding: "not valid JSON: a control character, or bytes that aren't UTF-8, at " + place(in: text)
        case .nul: "a text with a NUL byte, which can't be passed to the kernel, at " + place(in: text)
        case .empty: "not valid JSON: the document is empty"
        case .truncated: "not valid JSON: the document ends too early, at " + place(in: text)
        case .syntax: "not valid JSON: unexpected " + found(in: text) + " at " + place(in: text)
        case .tooDeep: "nested more than " + String(JSONValue.maximumDepth) + " deep at " + place(in: text)
        case .tooLong: "the document is longer than " + String(JSONValue.maximumLength >> 20) + " MiB"
        case .duplicateKey(let key): "the key " + quoted(key) + " stands twice in the object that ends at " + place(in: text)
        }
    }

    private func found(in text: [UInt8]) -> String {
        if text.starts(with: byteOrderMark) { return "byte order mark" }
        return switch offset < text.count ? text[offset] : 0x20 {
        case 0x21..<0x7F: "'" + ByteString([text[offset]]).displayText + "'"
        case 0x80...: "character"
        default: "white space"
        }
    }

    fileprivate func hint(in text: [UInt8]) -> String? {
        guard reason == .syntax || reason == .encoding, offset < text.count else { return nil }
        if text.starts(with: byteOrderMark) { return "save it as UTF-8 without a byte order mark: JSON has none" }
        switch text[offset] {
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let before = text[..<offset].last { $0 > 0x20 }
            return before == UInt8(ascii: ",") ? "JSON has no comma behind the last entry" : nil
        case UInt8(ascii: "/"), UInt8(ascii: "#"): return "JSON has no comments"
        case UInt8(ascii: "'"): return "JSON has strings in double quotation marks only"
        default: return nil
        }
    }

    private func place(in text: [UInt8]) -> String {
        let before = text.prefix(offset)
        let line = before.reduce(into: 1) { count, byte in if byte == UInt8(ascii: "\n") { count += 1 } }
        let column = offset - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
        return "byte " + String(offset) + " (line " + String(line) + ", column " + String(column) + ")"
    }
}

/// A text from the document as messages quote it: in quotation marks, and cut after at most 64 bytes.
func quoted(_ text: ByteString) -> String { "\"" + clipped(text) + "\"" }

private func clipped(_ text: ByteString) -> String {
    guard text.count > 64 else { return text.displayText }
    // Don't cut in the middle of a character: in UTF-8, the highest bits of a continuation byte are 10.
    let end = text.bytes[...64].lastIndex { $0 & 0xC0 != 0x80 } ?? 64
    return ByteString(text.bytes[..<end]).displayText + "…"
}

/// A number as messages show it.
func decimal(_ number: some BinaryInteger) -> String { ByteString(decimal: number).displayText }
