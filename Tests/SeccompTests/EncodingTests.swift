import Testing

@testable import OCI
@testable import Seccomp

/// Two profiles may share a cached program only if they have the same meaning.
@Suite struct EncodingTests {
    private static let base = Seccomp(
        .errno, errno: 1, architectures: ["SCMP_ARCH_X86"], .init(.allow, errno: nil, "ab", "c", where: [.init(0, .equal, 1, 2)]),
        .init(.trace, errno: 1, "d"))

    private static let changes: [(String, @Sendable (inout Seccomp) -> Void)] = [
        ("nothing", { _ in }),
        ("default action", { $0.defaultAction = .trace }),
        ("default error", { $0.defaultErrnoRet = 2 }),
        ("no default error", { $0.defaultErrnoRet = nil }),
        ("no architectures", { $0.architectures = [] }),
        ("other architectures", { $0.architectures = ["SCMP_ARCH_X32"] }),
        ("architecture cut in two", { $0.architectures = ["SCMP_ARCH_", "X86"] }),
        ("no rules", { $0.rules = [] }),
        ("rules in another order", { $0.rules.reverse() }),
        ("a rule twice", { $0.rules.append($0.rules[1]) }),
        ("names cut in another place", { $0.rules[0].names = ["a", "bc"] }),
        ("names in one", { $0.rules[0].names = ["abc"] }),
        ("names in another order", { $0.rules[0].names = ["c", "ab"] }),
        (
            "a name in another rule",
            {
                $0.rules[0].names = ["ab"]
                $0.rules[1].names = ["c", "d"]
            }
        ),
        ("action", { $0.rules[0].action = .log }),
        ("error", { $0.rules[1].errnoRet = 2 }),
        ("no error", { $0.rules[1].errnoRet = nil }),
        ("error 0", { $0.rules[1].errnoRet = 0 }),
        ("no arguments", { $0.rules[0].args = [] }),
        ("an argument twice", { $0.rules[0].args.append($0.rules[0].args[0]) }),
        ("argument's index", { $0.rules[0].args[0].index = 1 }),
        ("operator", { $0.rules[0].args[0].op = .notEqual }),
        ("value", { $0.rules[0].args[0].value = 2 }),
        ("high half of the value", { $0.rules[0].args[0].value = 0x1_0000_0001 }),
        ("second value", { $0.rules[0].args[0].valueTwo = 3 }),
    ]

    @Test func tellsProfilesApart() {
        var seen: [[UInt8]: String] = [:]
        for (name, change) in Self.changes {
            var profile = Self.base
            change(&profile)
            let twin = seen.updateValue(name, forKey: ProfileEncoding(profile).bytes)
            #expect(twin == nil, "\(name) encodes as \(twin ?? "")")
        }
    }

    @Test func tellsActionsAndOperatorsApart() {
        let actions = Seccomp.Action.allCases.map { ProfileEncoding(Seccomp($0)).bytes }
        #expect(Set(actions).count == Seccomp.Action.allCases.count)
        let operators = Seccomp.Operator.allCases.map {
            ProfileEncoding(Seccomp(.allow, .init(.errno, "a", where: [.init(0, $0, 1)]))).bytes
        }
        #expect(Set(operators).count == Seccomp.Operator.allCases.count)
    }

    @Test func ignoresWhatDoesNotShowInTheProgram() {
        var profile = Self.base
        profile.flags = nil
        profile.listenerPath = "/run/agent"
        profile.listenerMetadata = "x"
        #expect(ProfileEncoding(profile).bytes == ProfileEncoding(Self.base).bytes)
    }
}
