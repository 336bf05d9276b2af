import Bytes
import Errors

extension JSONValue {
    /// An error about this value.
    func error(_ sentence: String, hint: String? = nil) -> RuntimeError {
        let pointer = document.pointer(to: node)
        return RuntimeError(.invalidConfig, sentence, pointer: pointer.isEmpty ? nil : pointer, hint: hint)
    }

    /// The error of a value whose type is another than `expected`, "a string" for instance.
    func mismatch(_ expected: StaticString) -> RuntimeError { error("expected \(expected.description), found \(description)") }

    /// The value for messages. Strings aren't quoted: one that stands in a wrong place may be a secret.
    var description: String {
        switch document.nodes[node].kind {
        case .null: "null"
        case .true: "true"
        case .false: "false"
        case .number: "the number \(clipped(document.copy(of: node)))"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension RuntimeError {
    /// Of a text that is no JSON document at all.
    init(_ error: JSONError, in text: [UInt8]) {
        self.init(
            .invalidConfig, error.sentence(place: place(of: error.offset, in: text)),
            pointer: error.pointer.isEmpty ? nil : error.pointer, hint: error.hint(for: text))
    }
}

extension JSONError {
    fileprivate func sentence(place: String) -> String {
        switch reason {
        case .encoding: "not valid JSON: a byte that no JSON text may hold (not UTF-8, or a control character) at \(place)"
        case .empty: "not valid JSON: the document is empty"
        case .truncated: "not valid JSON: the document ends too early, at \(place)"
        case .syntax: "not valid JSON: syntax error at \(place)"
        case .tooDeep: "nested more than \(JSONValue.maximumDepth) deep at \(place)"
        case .tooLong: "longer than \(JSONValue.maximumLength >> 20) MiB"
        case .duplicateKey(let key): "the key \(quoted(key)) stands twice in the object that ends at \(place)"
        }
    }

    fileprivate func hint(for text: [UInt8]) -> String? {
        guard text.starts(with: [0xEF, 0xBB, 0xBF]) else { return nil }
        return "the text begins with a byte order mark; JSON has none"
    }
}

private func place(of offset: Int, in text: [UInt8]) -> String {
    var line = 1
    var column = 1
    for byte in text.prefix(offset) {
        column += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        }
    }
    return "byte \(offset) (line \(line), column \(column))"
}

/// A text from the document for a message: in quotation marks, at most 64 bytes of it.
func quoted(_ text: ByteString) -> String { "\"\(clipped(text))\"" }

private func clipped(_ text: ByteString) -> String {
    text.count <= 64 ? text.displayText : ByteString(text.bytes[..<64]).displayText + "…"
}

func decimal(_ number: some BinaryInteger) -> String { ByteString(decimal: number).displayText }
