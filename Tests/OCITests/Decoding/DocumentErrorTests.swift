import Errors
import Testing

@testable import OCI

/// Messages about a file that isn't a JSON document, or isn't a config.
@Suite struct DocumentErrorTests {
    @Test(
        arguments: [
            ("", "not valid JSON: the document is empty", nil),
            ("  \n", "not valid JSON: the document is empty", nil),
            ("{\"ociVersion\": \"1.3.0\",\n", "not valid JSON: the document ends too early, at byte 24 (line 2, column 1)", nil),
            (
                #"{"linux": {"sysctl": {"a""#,
                "/linux/sysctl: not valid JSON: the document ends too early, at byte 25 (line 1, column 26)", nil
            ),
            (
                "{\n  \"a\": 1,\n}", "not valid JSON: unexpected '}' at byte 12 (line 3, column 1)",
                "JSON has no comma behind the last entry"
            ),
            (
                #"{"process": {"args": ["a",]}}"#, "/process/args: not valid JSON: unexpected ']' at byte 26 (line 1, column 27)",
                "JSON has no comma behind the last entry"
            ),
            ("{\"a\": 1 // one\n}", "not valid JSON: unexpected '/' at byte 8 (line 1, column 9)", "JSON has no comments"),
            (
                "{'a': 1}", "not valid JSON: unexpected ''' at byte 1 (line 1, column 2)",
                "JSON has strings in double quotation marks only"
            ),
            ("{\"a\" 1}", "not valid JSON: unexpected '1' at byte 5 (line 1, column 6)", nil),
            ("{\"a\": tru }", "not valid JSON: unexpected white space at byte 9 (line 1, column 10)", nil),
            ("{} x", "not valid JSON: unexpected 'x' at byte 3 (line 1, column 4)", nil),
            (
                "\u{FEFF}{}", "not valid JSON: unexpected byte order mark at byte 0 (line 1, column 1)",
                "save it as UTF-8 without a byte order mark: JSON has none"
            ),
            (
                #"{"hostname": "\u0000"}"#,
                "/hostname: a text with a NUL byte, which can't be passed to the kernel, at byte 14 (line 1, column 15)", nil
            ),
            (
                #"{"a": [{"b": 1, "c~/": [[], {}, "x\u0000"#,
                "/a/0/c~0~1/2: a text with a NUL byte, which can't be passed to the kernel, at byte 34 (line 1, column 35)", nil
            ),
            (
                #"{"a": {"b": 1, "c\u0000": 2}}"#,
                "/a: a text with a NUL byte, which can't be passed to the kernel, at byte 17 (line 1, column 18)", nil
            ),
            (
                #"{"a": {"b": 1, "c": "\ud800"}}"#,
                "/a/c: not valid JSON: a control character, or bytes that aren't UTF-8, at byte 21 (line 1, column 22)", nil
            ),
            (
                #"{"a": {"b": 1, "b": 2}}"#,
                "/a: the key \"b\" stands twice in the object that ends at byte 21 (line 1, column 22)", nil
            ),
            ("[]", "expected an object, found an array", nil),
            ("null", "expected an object, found null", nil),
            ("17", "expected an object, found the number 17", nil),
            ("{}", "/ociVersion: required property is missing", nil),
            (#"{"ociVersion": "1.3.0"}"#, "/root: required property is missing", nil),
        ] as [(String, String, String?)])
    func explainsWhatIsWrong(_ text: String, _ message: String, _ hint: String?) {
        #expect(verdict(Array(text.utf8)) == says(message, hint))
    }

    @Test func explainsBytesThatAreNotUTF8() {
        let text = Array("{\n\"hostname\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        #expect(
            verdict(text)
                == says(
                    "/hostname: not valid JSON: a control character, or bytes that aren't UTF-8, at byte 15 (line 2, column 14)"))
    }

    @Test func explainsNestingWithoutEnd() {
        let text = String(repeating: #"{"a":"#, count: 65)
        let pointer = String(repeating: "/a", count: 63)
        #expect(verdict(Array(text.utf8)) == says("\(pointer): nested more than 64 deep at byte 320 (line 1, column 321)"))
    }

    @Test func refusesWhatIsTooLongBeforeReadingIt() {
        let text = [UInt8](repeating: 0x20, count: JSONValue.maximumLength + 1)
        #expect(verdict(text) == says("the document is longer than 16 MiB"))
    }

    @Test func escapesPointersByTheStandard() {
        #expect(
            verdict(configWithLinux(#""sysctl": {"net.a~b/c": 5}"#))
                == says("/linux/sysctl/net.a~0b~1c: expected a string, found the number 5"))
    }

    @Test func cutsLongTextsBetweenCharacters() {
        let name = String(repeating: "x", count: 63) + "éé"
        let shown = String(repeating: "x", count: 63) + "…"
        #expect(
            verdict(configWithLinux(#""rootfsPropagation": "\#(name)""#)).text
                .hasPrefix("/linux/rootfsPropagation: \"\(shown)\" is no mount propagation"))
    }

    @Test func cutsLongTextsShort() {
        let long = String(repeating: "x", count: 100)
        #expect(
            verdict(configWithLinux(#""namespaces": [{"type": "\#(long)"}]"#))
                == says(
                    "/linux/namespaces/0/type: \"\(String(repeating: "x", count: 64))…\" is no namespace type; known are pid, network, mount, ipc, uts, user, cgroup, time"
                ))
    }
}
