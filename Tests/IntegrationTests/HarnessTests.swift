import CHarness
import Testing

/// Properties of the harness that the other tests rely on.
@Suite("the tests' own tools")
struct HarnessTests {
    @Test func programsInheritNothingButTheStandardStreams() throws {
        let finished = try Command([Workspace.probe, "descriptors"]).run()
        #expect(finished.output.lines.map { $0.words.first } == ["0", "1", "2"], "\(finished)")
        #expect(try Command([Workspace.probe, "attributes"]).run().output.contains("blocked=\nignored=\n"))
    }

    @Test func whatHangsIsKilled() throws {
        #expect(throws: HarnessFailure.self) { try Command([Workspace.probe, "pause"]).run(within: 0.1) }
    }

    @Test func endingsAreToldApart() throws {
        #expect(try Command([Workspace.busybox, "sh", "-c", "exit 3"]).run().ending == .exited(3))
        #expect(try Command([Workspace.busybox, "sh", "-c", "kill -9 $$"]).run().ending == .killed(by: SIGKILL))
    }

    @Test(arguments: ["{\"a\":[1,-2,\"x\\n\\u00e9\\ud83d\\ude00\",true,null,{}],\"b\":1.5}", "[]", " 1 "]) func valuesAreParsed(
        text: String
    ) throws {
        let value = try JSONParser.parse(text)
        #expect(try JSONParser.parse(value.description) == value)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\":1,\"a\":2}", "1 2", "\"", "\"\u{1}\"", "{a:1}", "nul", "\"\\x\""])
    func malformedValuesAreNot(text: String) {
        #expect(throws: JSONParser.Malformed.self) { try JSONParser.parse(text) }
    }
}
