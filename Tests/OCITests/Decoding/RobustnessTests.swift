import Errors
import Glibc
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

    /// Eight times the mounts take eight times the work, and not 64 times, as they would if each were looked for among the others.
    @Test func readsLongListsOfMountsInLinearTime() throws {
        let growth = try growthOfCPUTime { length in
            let mounts = (0..<length).map { #"{"destination":"/\#($0)","x":1}"# }.joined(separator: ",")
            let text = config(#""mounts": [\#(mounts)]"#)
            return {
                let count = try Config(parsing: text).mounts.count
                #expect(count == length)
            }
        }
        #expect(growth < 24)
    }

    @Test func readsLongListsOfNetworkDevicesInLinearTime() throws {
        let growth = try growthOfCPUTime { length in
            let devices = (0..<length).map { #""e\#($0)":{}"# }.joined(separator: ",")
            let text = configWithLinux(#""namespaces": [{"type": "network"}], "netDevices": {\#(devices)}"#)
            return {
                let count = try Config(parsing: text).linux.netDevices.count
                #expect(count == length)
            }
        }
        #expect(growth < 24)
    }

    /// How many times the CPU time grows if a list's length grows from 4,000 to 32,000. It is the time of this thread alone, the
    /// least of three runs: other tests and other programs don't count.
    private func growthOfCPUTime(_ reading: (_ length: Int) throws -> () throws -> Void) throws -> Double {
        let times = try [4_000, 32_000].map { length in
            let read = try reading(length)
            var least = Double.infinity
            for _ in 0..<3 {
                let start = threadCPUTime()
                try read()
                least = min(least, threadCPUTime() - start)
            }
            return least
        }
        return times[1] / times[0]
    }

    /// The CPU time that this thread has used, in seconds.
    private func threadCPUTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
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
