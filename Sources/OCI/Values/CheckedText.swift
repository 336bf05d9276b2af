import Bytes
import Errors

/// A text of the document that must have a certain form, because it becomes a file's name or a line for the kernel. Only `init` makes a
/// value, and `init` checks: whoever takes such a type doesn't check again.
protocol CheckedText: Sendable {
    /// nil for a text that doesn't have the form.
    init?(_ text: ByteString)

    /// What an error says about such a text, after the text itself.
    static var refusal: StaticString { get }
}

extension JSONValue {
    /// The checked form of `text`, which is this value or the key of this value.
    func checked<Value: CheckedText>(_ text: ByteString, hint: String? = nil) throws(RuntimeError) -> Value {
        guard let value = Value(text) else { throw refusal(of: text, Value.refusal, hint) }
        return value
    }

    @inline(never)
    private func refusal(of text: ByteString, _ sentence: StaticString, _ hint: String?) -> RuntimeError {
        error(quoted(text) + " " + sentence.description, hint: hint)
    }
}

extension ObjectDecoder {
    /// nil for an empty text, too.
    mutating func checkedText<Value: CheckedText>(_ name: StaticString) throws(RuntimeError) -> Value? {
        guard let value = value(name) else { return nil }
        let text = try value.text()
        return text.isEmpty ? nil : try value.checked(text)
    }

    mutating func requiredCheckedText<Value: CheckedText>(_ name: StaticString) throws(RuntimeError) -> Value {
        let value = try required(name)
        return try value.checked(value.filledText())
    }
}
