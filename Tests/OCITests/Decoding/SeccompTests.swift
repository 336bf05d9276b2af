import Bytes
import Testing

@testable import OCI

@Suite struct SeccompDecodingTests {
    private func seccomp(_ members: String) throws -> Seccomp {
        try #require(try Config(parsing: configWithSeccomp(members)).linux.seccomp)
    }

    @Test func decodesAProfile() throws {
        let seccomp = try #require(
            try Config(
                parsing: configWithLinux(
                    #"""
                    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
                    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                    "listenerPath": "/run/agent", "listenerMetadata": "m",
                    "syscalls": [{"names": ["a", "b"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535, "args": [
                    {"index": 5, "value": 18446744073709551615, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"},
                    {"index": 0, "value": 0, "op": "SCMP_CMP_NE"}]}, {"names": ["c"], "action": "SCMP_ACT_NOTIFY"}]}
                    """#)
            ).linux.seccomp)
        #expect(seccomp.defaultAction == .errno && seccomp.defaultErrnoRet == 38)
        #expect(seccomp.architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"] && seccomp.flags == [.log])
        #expect(seccomp.listenerPath == "/run/agent" && seccomp.listenerMetadata == "m")
        #expect(seccomp.rules.map(\.names) == [["a", "b"], ["c"]])
        #expect(seccomp.rules.map(\.action) == [.trace, .notify])
        #expect(seccomp.rules.map(\.errnoRet) == [65535, nil])
        let argument = try #require(seccomp.rules.first?.args.first)
        #expect(argument.index == 5 && argument.value == UInt64.max && argument.valueTwo == 1 && argument.op == .maskedEqual)
    }

    @Test func tellsNoFlagsFromAnEmptyList() throws {
        #expect(try seccomp(#""syscalls": []"#).flags == nil)
        #expect(try seccomp(#""flags": null"#).flags == nil)
        #expect(try seccomp(#""flags": []"#).flags == [])
    }

    @Test(arguments: Seccomp.Action.allCases) func knowsEveryAction(_ action: Seccomp.Action) throws {
        let name = try #require(Names.seccompAction.entries.first { $0.1 == action }?.0.description)
        let rules = try seccomp(#""listenerPath": "/s", "syscalls": [{"names": ["x"], "action": "\#(name)"}]"#).rules
        #expect(rules.map(\.action) == [action])
    }

    @Test(arguments: Seccomp.Operator.allCases) func knowsEveryOperator(_ op: Seccomp.Operator) throws {
        let name = try #require(Names.seccompOperator.entries.first { $0.1 == op }?.0.description)
        let rules = try seccomp(
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 1, "op": "\#(name)"}]}]"#
        ).rules
        #expect(rules.first?.args.map(\.op) == [op])
    }

    @Test(arguments: Seccomp.Flag.allCases) func knowsEveryFlag(_ flag: Seccomp.Flag) throws {
        let name = try #require(Names.seccompFlag.entries.first { $0.1 == flag }?.0.description)
        #expect(try seccomp(#""flags": ["\#(name)"]"#).flags == [flag])
    }

    @Test func knowsTheArchitecturesOfTheSpecification() throws {
        let names = SpecificationNames.seccompArchitectures.map(\.displayText)
        #expect(names.count == 23)
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        #expect(try seccomp(#""architectures": [\#(list)]"#).architectures == names.map { ByteString($0) })
    }

    @Test(arguments: [
        (#""defaultErrnoRet": 1"#, "/defaultErrnoRet: only the actions SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number"),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1}]"#,
            "/syscalls/0/errnoRet: only the actions SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096}]"#,
            "/syscalls/0/errnoRet: expected an integer from 0 to 4095, found the number 4096"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_TRACE", "errnoRet": 65536}]"#,
            "/syscalls/0/errnoRet: expected an integer from 0 to 65535, found the number 65536"
        ),
        (#""syscalls": [{"names": [], "action": "SCMP_ACT_ALLOW"}]"#, "/syscalls/0/names: must have at least one system call"),
        (#""syscalls": [{"action": "SCMP_ACT_ALLOW"}]"#, "/syscalls/0/names: must have at least one system call"),
        (#""syscalls": [{"names": ["x", ""], "action": "SCMP_ACT_ALLOW"}]"#, "/syscalls/0/names/1: must not be empty"),
        (#""syscalls": [{"names": ["x"]}]"#, "/syscalls/0/action: required property is missing"),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_NOTIFY"}]"#,
            ": the action SCMP_ACT_NOTIFY of syscalls/0 needs listenerPath"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]"#,
            "/syscalls/0/args/0/index: expected an integer from 0 to 5, found the number 6"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]}]"#,
            "/syscalls/0/args/0/value: expected an integer from 0 to 18446744073709551615, found the number -1"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "op": "SCMP_CMP_EQ"}]}]"#,
            "/syscalls/0/args/0/value: required property is missing"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 1}]}]"#,
            "/syscalls/0/args/0/op: required property is missing"
        ),
        (#""listenerMetadata": "x""#, "/listenerMetadata: must not be set without listenerPath"),
        (#""flags": "SECCOMP_FILTER_FLAG_LOG""#, "/flags: expected an array, found a string"),
    ])
    func refuses(_ members: String, _ message: String) {
        #expect(verdict(configWithSeccomp(members)) == says("/linux/seccomp" + message))
    }

    @Test(arguments: [
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_ALOW"}]"#,
            "/syscalls/0/action: \"SCMP_ACT_ALOW\" is no seccomp action; known are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_TRACE, SCMP_ACT_LOG, SCMP_ACT_NOTIFY",
            "SCMP_ACT_ALLOW"
        ),
        (
            #""syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQQ"}]}]"#,
            "/syscalls/0/args/0/op: \"SCMP_CMP_EQQ\" is no seccomp operator; known are SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ",
            "SCMP_CMP_EQ"
        ),
        (
            #""flags": ["SECCOMP_FILTER_FLAG_LOGG"]"#,
            "/flags/0: \"SECCOMP_FILTER_FLAG_LOGG\" is no seccomp flag; known are SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
            "SECCOMP_FILTER_FLAG_LOG"
        ),
    ])
    func proposesTheNearestName(_ members: String, _ message: String, _ nearest: String) {
        #expect(verdict(configWithSeccomp(members)) == says("/linux/seccomp" + message, "did you mean \"\(nearest)\"?"))
    }

    @Test func refusesAnUnknownArchitecture() {
        #expect(
            verdict(configWithSeccomp(#""architectures": ["SCMP_ARCH_X86_65"]"#)).text
                .hasPrefix(
                    #"/linux/seccomp/architectures/0: "SCMP_ARCH_X86_65" is no seccomp architecture; known are SCMP_ARCH_X86_64, "#
                ))
    }

    @Test func refusesNotifyAsTheDefault() {
        #expect(
            verdict(configWithLinux(#""seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/s"}"#))
                == says(
                    "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY can't be the default action",
                    "the system calls that hand the listener's descriptor over would wait for it themselves"))
        #expect(verdict(configWithLinux(#""seccomp": {}"#)) == says("/linux/seccomp/defaultAction: required property is missing"))
    }
}
