import Bytes

extension ByteString {
    /// The text in quotation marks, for messages.
    var quoted: String { "\"" + displayText + "\"" }
}
