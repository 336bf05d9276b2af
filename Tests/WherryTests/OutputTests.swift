import Bytes
import Errors
import Foundation
import OCI
import Testing

@testable import wherry

@Suite struct OutputTests {
    private func container(_ id: ByteString, bundle: ByteString) -> ContainerState {
        ContainerState(
            ociVersion: "1.3.0", id: id, pid: 28704, status: .running, bundle: bundle, rootfs: "/",
            created: "2026-11-21T06:34:16.134106261Z", annotations: [], owner: "root")
    }

    @Test func alignsTheListAsRuncDoes() {
        let table = List.table(of: [container("fmt1", bundle: "/run/engines/fb")])
        #expect(
            String(decoding: table.text, as: UTF8.self) == """
                ID          PID         STATUS      BUNDLE            CREATED                          OWNER
                fmt1        28704       running     /run/engines/fb   2026-11-21T06:34:16.134106261Z   root

                """)
        #expect(
            String(decoding: List.table(of: []).text, as: UTF8.self)
                == "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n")
    }

    @Test func countsCharactersNotBytesAndObeysNone() {
        let lines = String(
            decoding: List.table(of: [container("a", bundle: "/sörvé/x"), container("b", bundle: "/x\n\u{1B}[2J")]).text,
            as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("a           28704       running     /sörvé/x      2026"))
        #expect(lines[2].hasPrefix("b           28704       running     /x\\n\\x1b[2J   2026"))
    }

    @Test func writesAConfigOnceAndNeverOverOne() throws {
        let directory = NSTemporaryDirectory() + "wherry-spec-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Spec.write([0x7B, 0x7D], in: ByteString(directory))
        #expect { try Spec.write([0x21], in: ByteString(directory)) } throws: {
            ($0 as? RuntimeError)?.message == "\"\(directory)/config.json\" exists already"
        }
        #expect(FileManager.default.contents(atPath: directory + "/config.json") == Data("{}".utf8))
    }

    @Test func followsNoLinkForTheConfig() throws {
        let directory = NSTemporaryDirectory() + "wherry-spec-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createSymbolicLink(atPath: directory + "/config.json", withDestinationPath: directory + "/target")
        #expect(throws: RuntimeError.self) { try Spec.write([0x21], in: ByteString(directory)) }
        #expect(!FileManager.default.fileExists(atPath: directory + "/target"))
    }

    @Test func saysItsVersionAsDockerReadsIt() {
        let lines = String(decoding: Version.text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5 && lines[4].isEmpty)
        #expect(lines[0] == "wherry version 0.2.0")
        #expect(lines[1].wholeMatch(of: /commit: (unknown|[0-9a-f]{40}(-dirty)?)/) != nil)
        #expect(lines[2] == "spec: 1.3.0")
        #expect(lines[3].wholeMatch(of: /libseccomp: \d+\.\d+\.\d+/) != nil)
    }
}
