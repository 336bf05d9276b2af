import Bytes
import Testing

@Suite struct ByteStringTests {
    @Test func comparesByBytesAlone() {
        #expect(ByteString("\u{e9}") != ByteString("e\u{301}"))
        #expect(ByteString("a\r\n") != ByteString("a\n"))
        #expect(ByteString([0xFF]) == ByteString([0xFF]))
        #expect(ByteString("abc") == ("abc" as StaticString))
        #expect(ByteString("abc") != ("abcd" as StaticString))
        #expect(ByteString("abcd") != ("abc" as StaticString))
    }

    @Test func ordersByBytes() {
        #expect(ByteString("a") < ByteString("b"))
        #expect(ByteString("a") < ByteString("aa"))
        #expect(ByteString("Z") < ByteString("a"))
        #expect(ByteString("z") < ByteString([0xFF]))
        #expect(!(ByteString("a") < ByteString("a")))
    }

    @Test func servesInASwitch() {
        func name(_ text: ByteString) -> Int {
            switch text {
            case "pid": 1
            case "network": 2
            default: 0
            }
        }
        #expect(name("pid") == 1)
        #expect(name("network") == 2)
        #expect(name("pi") == 0)
    }

    @Test func knowsHowItBeginsAndEnds() {
        let path: ByteString = "/proc/sys"
        #expect(path.hasPrefix("/proc") && path.hasPrefix("") && path.hasPrefix(path))
        #expect(!path.hasPrefix("proc") && !path.hasPrefix("/proc/sys/"))
        #expect(path.hasSuffix("/sys") && path.hasSuffix("") && path.hasSuffix(path))
        #expect(!path.hasSuffix("sy") && !path.hasSuffix("//proc/sys"))
    }

    /// For String, a "/" and a combining mark after it are one character, so a check for ".." could be bypassed.
    @Test func splitsBetweenBytes() {
        let slash = UInt8(ascii: "/")
        #expect(ByteString("x/\u{301}/../y").split(separator: slash) == ["x", "\u{301}", "..", "y"])
        #expect(ByteString("/a//b/").split(separator: slash) == ["", "a", "", "b", ""])
        #expect(ByteString("").split(separator: slash) == [""])
    }

    @Test func splitsOnceAtTheFirstSeparator() throws {
        let parts = try #require(ByteString("A=B=C").splitOnce(separator: UInt8(ascii: "=")))
        #expect(parts.0 == ("A" as ByteString))
        #expect(parts.1 == ("B=C" as ByteString))
        #expect(ByteString("A").splitOnce(separator: UInt8(ascii: "=")) == nil)
    }

    @Test func goesThroughC() {
        for text: ByteString in ["", "a", "é\n", ByteString([0x01, 0xFF, 0x80])] {
            #expect(text.withCString { ByteString(cString: $0) } == text)
        }
    }

    @Test func showsWhatIsNotUTF8() {
        #expect(ByteString([0x61, 0xFF, 0x62]).displayText == "a\u{FFFD}b")
    }

    @Test func dropsAndJoins() {
        #expect(ByteString("abc").dropFirst(1) == ("bc" as ByteString))
        #expect(ByteString("abc").dropFirst(5).isEmpty)
        #expect(ByteString("ab") + ByteString("c") == ("abc" as ByteString))
        #expect(ByteString("abc").count == 3 && ByteString("é").count == 2)
        #expect(ByteString("a/b").contains(UInt8(ascii: "/")) && !ByteString("ab").contains(UInt8(ascii: "/")))
    }
}
