public import Bytes

/// Why a text is no JSON document that we take.
public struct JSONError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// A byte that no JSON text may hold where it stands: not UTF-8, a control character, half a surrogate pair.
        case encoding
        /// The escape of a NUL, which JSON allows.
        case nul
        /// Not a byte, or white space alone.
        case empty
        /// The text ends before the document does.
        case truncated
        case syntax
        case tooDeep
        case tooLong
        case duplicateKey(ByteString)
    }

    public let reason: Reason
    /// The byte, counted from 0, at which the reader stopped: the length of the text where that ends too early.
    public let offset: Int
    /// The text there, or the innermost array or object: a JSON pointer (RFC 6901).
    public let pointer: String

    init(_ reason: Reason, offset: Int, pointer: String = "") {
        self.reason = reason
        self.offset = offset
        self.pointer = pointer
    }
}
