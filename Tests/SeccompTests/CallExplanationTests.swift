import Bytes
import Errors
import Linux
import OCI
import Testing

@testable import Seccomp

/// What `seccomp explain` says is what the filter does.
@Suite struct CallExplanationTests {
    private func explain(_ name: ByteString, _ arguments: [UInt64] = [], by members: String) throws -> [CallExplanation] {
        let text = #"{"ociVersion": "1.3.0", "root": {"path": "r"}, "linux": {"seccomp": {\#(members)}}}"#
        let profile = try #require(try Config(parsing: Array(text.utf8)).linux.seccomp)
        return try CallExplanation.all(of: name, arguments, in: profile, try SeccompFilter.program(for: profile))
    }

    private static let conditional = #"""
        "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
            {"names": ["read", "setns"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
            {"names": ["personality"], "action": "SCMP_ACT_LOG",
             "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_GT"}]}]
        """#

    @Test func ruleWithoutConditions() throws {
        let found = try explain("read", by: Self.conditional)
        #expect(found.count == 1)
        #expect(found[0].answer == "SCMP_ACT_ALLOW")
        #expect(found[0].rules == [0])
        #expect(found[0].architecture == "native")
    }

    @Test func callThatNoRuleNames() throws {
        let found = try explain("mount", by: Self.conditional)
        #expect(found[0].answer == "SCMP_ACT_ERRNO 1 (operation not permitted)")
        #expect(found[0].rules == [])
    }

    @Test func callThatIsNewerThanTheProfile() throws {
        let found = try explain("openat2", by: Self.conditional)
        #expect(found[0].answer == "SCMP_ACT_ERRNO 38 (function not implemented)")
        #expect(found[0].isNewer)
        #expect(try !explain("read", by: Self.conditional)[0].isNewer)
    }

    @Test func argumentsDecide() throws {
        #expect(try explain("personality", [8], by: Self.conditional)[0].answer == "SCMP_ACT_ALLOW")
        #expect(try explain("personality", [8], by: Self.conditional)[0].rules == [1])
        #expect(try explain("personality", [1 << 32], by: Self.conditional)[0].answer == "SCMP_ACT_LOG")
        #expect(try explain("personality", [1 << 32], by: Self.conditional)[0].rules == [2])
        #expect(try explain("personality", [9], by: Self.conditional)[0].rules == [])
        #expect(try explain("personality", [9], by: Self.conditional)[0].answer == "SCMP_ACT_ERRNO 1 (operation not permitted)")
    }

    @Test func unknownArgumentsLeaveAllRulesThatMayDecide() throws {
        let found = try explain("personality", by: Self.conditional)
        #expect(found[0].answer == nil)
        #expect(found[0].rules == [1, 2])
    }

    @Test func eachArchitectureOfTheProfile() throws {
        #if arch(x86_64)
            let found = try explain(
                "socket",
                by: #"""
                    "defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                    "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97}]
                    """#)
            #expect(found.map { $0.architecture } == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X86"])
            #expect(found.map { $0.isShared } == [false, true, false])
            #expect(found.allSatisfy { $0.rules == [0] })
            #expect(found.allSatisfy { $0.answer == "SCMP_ACT_ERRNO 97 (address family not supported by protocol)" })
            #expect(
                try explain("arch_prctl", by: #""defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]"#)[0]
                    .number == 158)
        #endif
    }

    @Test func unknownNameSuggestsTheNearest() throws {
        let error = #expect(throws: RuntimeError.self) { try explain("moutn", by: Self.conditional) }
        #expect(error?.sentence.hasSuffix("knows no call \"moutn\"") == true)
        #expect(error?.hint == "did you mean mount?")
    }

    /// Whatever the profile and the arguments: the rule that is named has the answer that is given.
    @Test(arguments: 0..<200) func namedRuleHasTheAnswer(seed: UInt64) throws {
        var random = Random(seed: seed)
        let actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRAP", "SCMP_ACT_KILL_PROCESS"]
        let operators = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT"]
        var rules: [String] = []
        var wanted: [String] = []
        for _ in 0..<4 {
            let action = actions[Int(random.next() % 4)]
            wanted.append(action)
            let condition =
                #"{"index": \#(random.next() % 2), "value": \#(random.next() % 4), "op": "\#(operators[Int(random.next() % 6)])"}"#
            rules.append(#"{"names": ["lseek"], "action": "\#(action)", "args": [\#(condition)]}"#)
        }
        let members = #""defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\#(rules.joined(separator: ", "))]"#
        let found = try explain("lseek", [random.next() % 4, random.next() % 4], by: members)
        let answer = try #require(found[0].answer?.displayText)
        #expect(found[0].rules.count <= 1)
        #expect(found[0].rules.first.map { wanted[$0] } ?? "SCMP_ACT_ERRNO 1 (operation not permitted)" == answer)
    }
}
