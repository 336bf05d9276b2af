import Bytes
import Errors

/// A text of the document that must have a certain form, because it becomes a file's name or a line for the kernel.
///
/// Only `init` makes a value, and `init` checks the form. Code that receives a value doesn't have to check it again.
protocol CheckedText: Sendable {
    /// Checks the text; the result is nil if the text doesn't have the form.
    init?(_ text: ByteString)

    /// The end of the error message for such a text. The beginning is the text itself.
    static var refusal: StaticString { get }
}

extension JSONValue {
    /// Checks `text`, which is this value's string or its key.
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
    /// Reads and checks a text; nil also stands for an empty one.
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
