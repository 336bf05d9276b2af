import Bytes
import Testing

@testable import OCI

/// `features` lists the names in this order.
@Suite struct NamesTests {
    @Test func listsNamespacesInAlphabeticalOrder() {
        #expect(SpecificationNames.namespaces == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"])
    }

    @Test func listsNamesOfSeccompInAlphabeticalOrder() {
        #expect(
            SpecificationNames.seccompActions == [
                "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                "SCMP_ACT_LOG",
                "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
            ])
        #expect(
            SpecificationNames.seccompOperators == [
                "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
            ])
        #expect(
            SpecificationNames.seccompFlags.map(\.name) == [
                "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
            ])
        #expect(SpecificationNames.seccompFlags.map(\.flag) == [.log, .specAllow, .tsync, .waitKillableReceive])
    }

    @Test(arguments: Hook.Kind.allCases) func decodesTheHooksOfEachKind(_ kind: Hook.Kind) throws {
        let hooks = try Config(parsing: config(#""hooks": {"\#(kind.name)": [{"path": "/bin/\#(kind.name)"}]}"#)).hooks
        let found: [(Hook.Kind, [Hook])] = [
            (.prestart, hooks.prestart), (.createRuntime, hooks.createRuntime), (.createContainer, hooks.createContainer),
            (.startContainer, hooks.startContainer), (.poststart, hooks.poststart), (.poststop, hooks.poststop),
        ]
        #expect(found.filter { !$0.1.isEmpty }.map { $0.0 } == [kind])
        #expect(found.flatMap { $0.1 }.map { $0.path.displayText } == ["/bin/\(kind.name)"])
    }

    @Test(arguments: Namespace.Kind.allCases) func decodesEachKindOfNamespace(_ kind: Namespace.Kind) throws {
        let namespaces = try Config(parsing: configWithLinux(#""namespaces": [{"type": "\#(kind.name)"}]"#)).linux.namespaces
        #expect(namespaces.map(\.kind) == [kind])
    }
}
