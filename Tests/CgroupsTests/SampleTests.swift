import Bytes
import CLinux
import Errors
import Linux
import OCI
import Testing

@testable import Cgroups

/// Plans the configurations that engines wrote, for each kind of host.
@Suite struct SampleTests {
    private static let directory = ByteString(#filePath).parent.parent + "/OCITests/Samples"

    static let names: [ByteString] =
        ((try? FileDescriptor.open(directory, flags: [.readOnly, .directory]).entries()) ?? []).map { $0.name }
        .filter { $0.hasSuffix(".config.json") }.sorted()

    private func linux(_ name: ByteString) throws -> LinuxConfig {
        let text = try FileDescriptor.open(Self.directory, flags: [.path, .directory]).readFile(name)
        return try Config(parsing: text).linux
    }

    @Test func areThere() { #expect(Self.names.count > 20) }

    @Test(arguments: names) func canBePlannedOnV1(name: ByteString) throws {
        let linux = try linux(name)
        _ = try CgroupPath(linux.cgroupsPath, id: "x")
        let plan = try ResourcePlan(linux.resources, locations: .legacy)
        guard case .deviceLines(let lines)? = plan.steps.first else {
            Issue.record("the device rules don't come first")
            return
        }
        #expect(lines.first?.text == "a")
    }

    @Test(arguments: names) func canBePlannedOnV2(name: ByteString) throws {
        var resources = try linux(name).resources
        // Docker writes swappiness on v1 hosts only.
        if resources.memory?.swappiness != nil {
            let asked = resources
            #expect(throws: RuntimeError.self) { try ResourcePlan(asked, locations: .unified) }
            resources.memory = nil
        }
        #expect(try !ResourcePlan(resources, locations: .unified).steps.isEmpty)
    }
}

extension ByteString {
    fileprivate var parent: ByteString { ByteString(bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)]) }
}
