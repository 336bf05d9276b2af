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
            ("DefaultDependencies", "true", .boolean(true)), ("Delegate", "false", .boolean(false)),
            ("CPUWeight", "uint64 7", .uint64(7)), ("KillSignal", "15", .int32(15)), ("KillSignal", "int32 -1", .int32(-1)),
            ("IOSchedulingClass", "uint32 2", .uint32(2)),
            ("CollectMode", "'inactive'", .string("inactive")), ("Description", #""a\"b""#, .string("a\"b")),
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
        let error = #expect(throws: RuntimeError.self) { try properties("CPUWeight", text) }
        #expect(error?.code == .invalidConfig && error?.pointer == "/annotations/org.systemd.property.CPUWeight")
    }

    @Test(arguments: ["", "cpuWeight", "CP", "CPU-Weight", "CPU/Weight", "CPU1"]) func otherNamesAreRefused(name: String) {
        #expect(throws: RuntimeError.self) { try properties(name, "true") }
    }

    @Test func secondsThatAreNoNumberAreRefused() {
        #expect(throws: RuntimeError.self) { try properties("TimeoutStopSec", "'5s'") }
        #expect(throws: RuntimeError.self) { try properties("TimeoutStopSec", "uint64 18446744073709551615") }
    }
}
