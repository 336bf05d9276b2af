import Bytes
import Testing

@testable import OCI

@Suite struct JSONWriterTests {
    private func text(_ layout: JSONWriter.Layout, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(layout)
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func state(_ writer: inout JSONWriter) {
        writer.object {
            $0.member("ociVersion", "1.0.2-dev")
            $0.member("id", ByteString("fmt1"))
            $0.member("pid", 28704)
            $0.member("terminal", false)
            $0.object("annotations") { $0.member(named: "a.b", "c") }
            $0.array("hooks") {
                $0.element("prestart")
                $0.object { $0.member("path", "/bin/true") }
                $0.array { _ in }
                $0.element(-1)
            }
            $0.object("empty") { _ in }
            $0.array("none") { _ in }
            $0.member(null: "nothing")
            $0.member("owner", "")
        }
    }

    @Test func indentsAsGoDoes() {
        #expect(
            text(.indented(2), state) == """
                {
                  "ociVersion": "1.0.2-dev",
                  "id": "fmt1",
                  "pid": 28704,
                  "terminal": false,
                  "annotations": {
                    "a.b": "c"
                  },
                  "hooks": [
                    "prestart",
                    {
                      "path": "/bin/true"
                    },
                    [],
                    -1
                  ],
                  "empty": {},
                  "none": [],
                  "nothing": null,
                  "owner": ""
                }
                """)
    }

    @Test func indentsByFour() {
        #expect(
            text(.indented(4)) { $0.object { $0.array("hooks") { $0.element("poststop") } } } == """
                {
                    "hooks": [
                        "poststop"
                    ]
                }
                """)
    }

    @Test func writesOnOneLine() {
        #expect(
            text(.compact, state)
                == #"{"ociVersion":"1.0.2-dev","id":"fmt1","pid":28704,"terminal":false,"annotations":{"a.b":"c"},"#
                + #""hooks":["prestart",{"path":"/bin/true"},[],-1],"empty":{},"none":[],"nothing":null,"owner":""}"#)
    }

    @Test func writesDocumentsThatAreNoObjects() {
        #expect(text(.compact) { $0.null() } == "null")
        #expect(text(.compact) { $0.array { for pid in [1, 2] { $0.element(pid) } } } == "[1,2]")
        #expect(text(.indented(2)) { $0.array { _ in } } == "[]")
    }

    @Test func writesNumbersOfEveryWidth() {
        let json = text(.compact) {
            $0.array {
                $0.element(UInt64.max)
                $0.element(Int64.min)
                $0.element(UInt8(0))
            }
        }
        #expect(json == "[18446744073709551615,-9223372036854775808,0]")
    }

    @Test(arguments: [
        ("\"\\\n\r\t\u{8}\u{c}", #"\"\\\n\r\t\b\f"#), ("\u{0}\u{1f}\u{7f}", "\\u0000\\u001f\u{7f}"),
        ("<a&b>", #"\u003ca\u0026b\u003e"#),
        ("é😀/", "é😀/"), ("a\u{2028}b\u{2029}c\u{2027}", "a\\u2028b\\u2029c\u{2027}"), ("", ""),
    ])
    func escapesAsGoDoes(_ value: String, _ written: String) {
        #expect(text(.compact) { $0.array { $0.element(ByteString(value)) } } == "[\"\(written)\"]")
        #expect(text(.compact) { $0.object { $0.member(named: ByteString(value), 1) } } == "{\"\(written)\":1}")
    }

    @Test(
        arguments: [
            ([0xFF], #"\ufffd"#), ([0x61, 0xC0, 0xAF, 0x62], #"a\ufffd\ufffdb"#), ([0xED, 0xA0, 0x80], #"\ufffd\ufffd\ufffd"#),
            ([0xE2, 0x80], #"\ufffd\ufffd"#), ([0xF4, 0x90, 0x80, 0x80], #"\ufffd\ufffd\ufffd\ufffd"#), ([0xE2], #"\ufffd"#),
        ] as [([UInt8], String)])
    func repairsWhatIsNotUTF8(_ bytes: [UInt8], _ written: String) {
        #expect(text(.compact) { $0.array { $0.element(ByteString(bytes)) } } == "[\"\(written)\"]")
    }

    @Test func readsBackWhatItWrote() throws {
        for byte in UInt8.min...UInt8.max where byte != 0 {
            let value = byte < 0x80 ? ByteString([byte, 0x41]) : ByteString([0xC3, 0x80 | byte & 0x3F])
            var writer = JSONWriter()
            writer.object { $0.member(named: value, value) }
            let member = try JSONValue(parsing: writer.bytes).members.first { _ in true }
            #expect(member?.key == value)
            #expect(member?.value.string == value)
        }
    }
}
