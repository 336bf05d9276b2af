import Testing

@Suite("seccomp profiles that are wrong", .needsRoot, .sandboxed)
struct SeccompRefusalTests {
    private static let usual: JSON = [
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            ["names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "args": [["index": 0, "value": 1, "op": "SCMP_CMP_EQ"]]]
        ],
    ]

    private func refusal(_ change: (inout JSON) -> Void) throws -> String {
        try IntegrationTests.refusal {
            var profile = Self.usual
            change(&profile)
            $0.linux.seccomp = profile
        }
    }

    @Test func unknownDefaultAction() throws {
        #expect(try refusal { $0.defaultAction = "SCMP_ACT_SAUSAGE" }.points(to: "/linux/seccomp/defaultAction"))
    }

    @Test func missingDefaultAction() throws {
        let message = try refusal { $0.defaultAction = .null }
        #expect(message.points(to: "/linux/seccomp"))
        #expect(message.says("defaultAction"))
    }

    // NOTIFY as the default would stop the runtime before the agent has the descriptor.
    @Test func notifyAsTheDefault() throws {
        let message = try refusal {
            $0.defaultAction = "SCMP_ACT_NOTIFY"
            $0.listenerPath = "/run/agent.sock"
        }
        #expect(message.points(to: "/linux/seccomp/defaultAction"))
    }

    // The container could never execute its program. The config is refused at once, before there is a process that could
    // neither go on nor exit.
    @Test(arguments: ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"])
    func filterThatPermitsNoProgram(action: String) throws {
        for profile in [
            ["defaultAction": .string(action)],
            ["defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["execve"], "action": .string(action)]]],
        ] as [JSON] {
            let message = try refusal { $0 = profile }
            #expect(message.points(to: "/linux/seccomp"))
            #expect(message.says("the filter permits no program to be executed: it refuses execve"))
        }
    }

    @Test func unknownAction() throws {
        #expect(try refusal { $0.syscalls[0].action = "ERRNO" }.points(to: "/linux/seccomp/syscalls/0/action"))
    }

    @Test func unknownOperator() throws {
        #expect(try refusal { $0.syscalls[0].args[0].op = "==" }.points(to: "/linux/seccomp/syscalls/0/args/0/op"))
    }

    @Test(arguments: [6, 7, 100]) func argumentThatNoCallHas(index: Int) throws {
        #expect(
            try refusal { $0.syscalls[0].args[0].index = .number(index) }.points(to: "/linux/seccomp/syscalls/0/args/0/index"))
    }

    @Test func unknownArchitecture() throws {
        #expect(
            try refusal { $0.architectures = [.string(Processor.architecture), "SCMP_ARCH_Z80"] }.points(
                to: "/linux/seccomp/architectures/1"))
    }

    @Test func unknownFlag() throws {
        #expect(try refusal { $0.flags = ["SECCOMP_FILTER_FLAG_FASTER"] }.points(to: "/linux/seccomp/flags/0"))
    }

    @Test func noNames() throws {
        #expect(try refusal { $0.syscalls[0].names = [] }.points(to: "/linux/seccomp/syscalls/0/names"))
    }

    // "When the action doesn't support an errno, the runtime MUST print and error and fail."
    @Test(arguments: ["SCMP_ACT_ALLOW", "SCMP_ACT_KILL", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"]) func errorForAnActionThatHasNone(
        action: String
    ) throws {
        let message = try refusal {
            $0.syscalls[0].action = .string(action)
            $0.syscalls[0].errnoRet = 1
        }
        #expect(message.points(to: "/linux/seccomp/syscalls/0"))
        #expect(message.says("errnoRet"))
    }

    @Test func defaultErrorForADefaultActionThatHasNone() throws {
        #expect(try refusal { $0.defaultErrnoRet = 1 }.points(to: "/linux/seccomp/defaultErrnoRet"))
    }

    @Test(arguments: [4096, 65536, -1]) func errorThatIsNone(number: Int) throws {
        #expect(try refusal { $0.syscalls[0].errnoRet = .number(number) }.points(to: "/linux/seccomp/syscalls/0/errnoRet"))
    }

    @Test func metadataWithoutAListener() throws {
        #expect(try refusal { $0.listenerMetadata = "x" }.points(to: "/linux/seccomp/listenerMetadata"))
    }

    @Test func notifyWithoutAListener() throws {
        #expect(try refusal { $0.syscalls[0].action = "SCMP_ACT_NOTIFY" }.points(to: "/linux/seccomp"))
    }
}
