import Bytes
import Errors
import OCI
import Systemd
import Testing

@testable import Lifecycle

@Suite struct UnitAnnotationsTests {
    private func properties(_ name: String, _ value: String) throws -> [UnitProperty] {
        try UnitAnnotations.properties(in: [
            Annotation(key: ByteString("org.systemd.property." + name), value: ByteString(value)),
            Annotation(key: "org.example", value: "uint64 5"),
        ])
    }

    @Test(
        arguments: [
            ("DefaultDependencies", "true", .boolean(true)), ("SendSIGHUP", "false", .boolean(false)),
            ("RuntimeMaxUSec", "uint64 7", .uint64(7)), ("KillSignal", "15", .int32(15)), ("KillSignal", "int32 -1", .int32(-1)),
            ("FinalKillSignal", "uint32 2", .uint32(2)),
            ("CollectMode", "'inactive'", .string("inactive")), ("Documentation", #""a\"b""#, .string("a\"b")),
            ("After", "['a.service', \"b.service\"]", .strings(["a.service", "b.service"])), ("After", "@as []", .strings([])),
        ] as [(String, String, UnitProperty.Value)])
    func valueHasItsType(name: String, text: String, value: UnitProperty.Value) throws {
        #expect(try properties(name, text) == [UnitProperty(ByteString(name), value)])
    }

    @Test func secondsBecomeMicroseconds() throws {
        #expect(try properties("TimeoutStopSec", "uint64 5") == [UnitProperty("TimeoutStopUSec", .uint64(5_000_000))])
        #expect(try properties("TimeoutStopUSec", "uint64 5") == [UnitProperty("TimeoutStopUSec", .uint64(5))])
        #expect(try properties("TimeoutStopSec", "5") == [UnitProperty("TimeoutStopUSec", .uint64(5_000_000))])
    }

    @Test(arguments: [
        "", "5 ", "2147483648", "uint64", "uint64 -1", "uint32 4294967296", "int32 x", "int64 1", "'open", "'a' b", "[1]", "[]",
        "['a'", "['a',]",
        "('a', 1)", "<'a'>", "objectpath '/a'", "{'a': 1}", "@a(sasb) []", #"'\n'"#, "uint64 18446744073709551616",
    ]) func otherValuesAreRefused(text: String) {
        let error = #expect(throws: RuntimeError.self) { try properties("KillSignal", text) }
        #expect(error?.code == .invalidConfig && error?.pointer == "/annotations/org.systemd.property.KillSignal")
    }

    /// The first is the one of CVE-2024-3154: it powers the host off.
    @Test(arguments: [
        "SuccessAction", "FailureAction", "JobTimeoutAction", "Conflicts", "Wants", "OnFailure", "Slice", "Delegate", "PIDs",
        "Description", "MemoryMax", "StartupMemoryMax", "CPUQuotaPeriodUSec", "CPUQuotaPeriodSec", "DevicePolicy", "ExecStart",
        "IPIngressFilterPath", "", "killSignal", "KillSignal ", "Sec", "USec",
    ])
    func propertiesThatConcernTheHostOrOthersAreRefused(name: String) {
        let error = #expect(throws: RuntimeError.self) { try properties(name, "'poweroff-force'") }
        #expect(error?.message.contains("annotations may not set") == true)
    }

    @Test func secondsThatAreNoNumberAreRefused() {
        #expect(throws: RuntimeError.self) { try properties("TimeoutStopSec", "'5s'") }
        #expect(throws: RuntimeError.self) { try properties("TimeoutStopSec", "uint64 18446744073709551615") }
    }
}
