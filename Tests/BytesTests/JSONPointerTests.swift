import Bytes
import Testing

@Suite struct JSONPointerTests {
    /// RFC 6901, chapter 3.
    @Test(arguments: [("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("/~", "~1~0"), ("é\n", "é\n"), ("", "")])
    func escapesTildeAndSlash(_ key: String, _ escaped: String) { #expect(ByteString(key).escapedForJSONPointer == escaped) }
}
