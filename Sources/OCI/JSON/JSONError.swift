public import Bytes

/// The reason why a text isn't accepted as a JSON document.
public struct JSONError: Error, Equatable, Sendable {
    /// The kind of error.
    public enum Reason: Equatable, Sendable {
        /// A byte that JSON doesn't allow in this place: not UTF-8, a control character, half a surrogate pair.
        case encoding
        /// The escape of a NUL, which JSON allows and wherry doesn't.
        case nul
        /// The text is empty or has only white space.
        case empty
        /// The text ends before the document does.
        case truncated
        case syntax
        case tooDeep
        case tooLong
        case duplicateKey(ByteString)
    }

    public let reason: Reason
    /// The offset of the byte at which the reader stopped, counted from 0; the length of the text if the text ends too early.
    public let offset: Int
    /// The JSON pointer (RFC 6901) of the value there, or of the innermost array or object around it.
    public let pointer: String

    init(_ reason: Reason, offset: Int, pointer: String = "") {
        self.reason = reason
        self.offset = offset
        self.pointer = pointer
    }
}
