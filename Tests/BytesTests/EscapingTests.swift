import Bytes
import Testing

@Suite struct EscapingTests {
    private func escaped(_ text: String, _ escaping: Escaping, limit: Int = 1000) -> String {
        var bytes: [UInt8] = []
        bytes.append(text, escaping: escaping, limit: limit)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func keepsStringsOfJSONWhole() {
        #expect(escaped("a\"b\\c\nd\u{1B}[31me\u{7F}", .json) == #"a\"b\\c\nd\u001b[31me\u007f"#)
    }

    @Test func quotesAsGoDoes() {
        #expect(escaped("a\"b\\c\td\u{1B}\u{9B}é", .quoted) == #"a\"b\\c\td\x1b\u009bé"#)
    }

    @Test func sparesQuotesForPeople() {
        #expect(escaped("exec: \"x\\y\": \u{1B}]0;title\u{7}\r\n", .terminal) == #"exec: "x\y": \x1b]0;title\x07\r\n"#)
    }

    @Test(arguments: ["\u{2028}", "\u{202E}", "\u{2066}", "\u{FEFF}", "\u{85}"])
    func writesOutWhatTurnsOrEndsALine(_ character: String) {
        for escaping in [Escaping.json, .quoted, .terminal] { #expect(escaped(character, escaping).hasPrefix("\\u")) }
    }

    @Test func keepsWhatFitsExactly() {
        #expect(escaped("abcdef", .json, limit: 6) == "abcdef")
    }

    @Test func cutsBetweenCharactersAndSaysSo() {
        #expect(escaped("abcdefg", .json, limit: 6) == "abc…")
        #expect(escaped("ééééé", .json, limit: 8) == "éé…")
        #expect(escaped("ab\u{1}cdef", .json, limit: 8) == "ab…")
    }

    @Test func staysWithinTheLimitWhateverComes() {
        let text = String(repeating: "\u{1}\"\\é😀", count: 100_000)
        for limit in [3, 4, 5, 6, 7, 100, 4096] { #expect(escaped(text, .json, limit: limit).utf8.count <= limit) }
    }
}
