import Errors
import Testing

@testable import OCI

/// Damaged documents must never crash the decoder. If one is refused, the error has a sentence.
@Suite struct RobustnessTests {
    @Test func refusesEveryTruncation() {
        let text = Config.template(rootless: false, uid: 0, gid: 0).dropLast()
        for length in 0..<text.count {
            #expect(verdict(Array(text.prefix(length))).text.contains("not valid JSON"))
        }
    }

    @Test func refusesEveryTruncationOfAnEnginesConfig() {
        let text = Samples.read("docker-run-rm.config.json")
        for length in stride(from: 0, to: text.count - 2, by: 7) {
            #expect(verdict(Array(text.prefix(length))).text.contains("not valid JSON"))
        }
    }

    /// Replaces each byte with one that has a meaning in JSON, and then inserts that byte there again.
    @Test(arguments: Array("\"\\{}[]:,0-e\u{0}\u{1f} \n".utf8) + [0x80, 0xC3, 0xED, 0xFF])
    func survivesEveryChangedByte(_ byte: UInt8) {
        let original = config(
            #""process":{"cwd":"/","args":["\u00e9\n"],"user":{"uid":0,"gid":0}},"linux":{"namespaces":[{"type":"pid"}],"sysctl":{"a.b":"é"}}"#
        )
        for index in original.indices {
            var text = original
            text[index] = byte
            #expect(!verdict(text).text.isEmpty)
            text.insert(byte, at: index)
            #expect(!verdict(text).text.isEmpty)
        }
    }

    /// Replaces each number and string of a config by each kind of value. The config is accepted, or the error names a place, a
    /// key or the invalid JSON.
    @Test(arguments: ["null", "true", "-1", "1e400", "\"\"", "\"x\"", "[]", "[null]", "{}", "{\"\":null}"])
    func survivesEveryReplacedValue(_ replacement: String) throws {
        let text = Samples.read("ctr-run.config.json")
        let document = try JSONValue(parsing: text).document
        for node in document.nodes where node.kind == .number || node.kind == .string {
            let quotes = node.kind == .string ? 1 : 0
            guard !node.isUnescaped else { continue }
            let place = Int(node.start) - quotes..<Int(node.start) + Int(node.count) + quotes
            let changed = Array(text[..<place.lowerBound]) + Array(replacement.utf8) + Array(text[place.upperBound...])
            let said = verdict(changed).text
            #expect(said == "accepted" || said.hasPrefix("/") || said.hasPrefix("not valid JSON") || said.hasPrefix("the key"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func readsLongListsInLinearTime() throws {
        let mounts = (0..<50_000).map { #"{"destination":"/\#($0)","x":1}"# }.joined(separator: ",")
        #expect(try Config(parsing: config(#""mounts": [\#(mounts)]"#)).mounts.count == 50_000)
        let devices = (0..<50_000).map { #""e\#($0)":{}"# }.joined(separator: ",")
        let linux = #""namespaces": [{"type": "network"}], "netDevices": {\#(devices)}"#
        #expect(try Config(parsing: configWithLinux(linux)).linux.netDevices.count == 50_000)
    }

    @Test func findsTheMembersOfAnObjectInAnyOrder() throws {
        let config = try Config(
            parsing: Array(
                #"{"linux":{"devices":[],"namespaces":[{"path":"/n","type":"pid"}]},"root":{"readonly":true,"path":"r"},"ociVersion":"1.0.0"}"#
                    .utf8))
        #expect(config.root?.readonly == true)
        #expect(config.linux.namespaces.first?.path == "/n")
        #expect(config.unknownProperties == [])
    }
}
