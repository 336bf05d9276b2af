import Bytes
import CLinux
import Errors
import Foundation
import Testing

@testable import Lifecycle

@Suite final class ProgramLookupTests {
    private let folder = "/tmp/wherry-lookup-\(UUID().uuidString)"

    init() throws {
        for name in ["first", "second", "second/folder"] {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        try put("first/plain", mode: 0o644)
        try put("second/plain", mode: 0o755)
        try put("second/tool", mode: 0o755)
        try put("second/text", mode: 0o644)
        try #require(mkfifo(folder + "/second/fifo", 0o755) == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func put(_ name: String, mode: Int) throws {
        let made = FileManager.default.createFile(
            atPath: folder + "/" + name, contents: nil, attributes: [.posixPermissions: mode])
        try #require(made)
    }

    private func lookup(_ name: String, path: String? = nil, cwd: String = "/") throws -> String {
        let path = path ?? "\(folder)/first:\(folder)/second"
        let text =
            #""process":{"args":["\#(name)"],"cwd":"\#(cwd)","env":["PATH=/none","PATH=\#(path)"],"user":{"uid":0,"gid":0}}"#
        return try ProgramLookup(try #require(try config(text).process)).find().displayText
    }

    @Test func firstFolderThatHasItAsAProgramCounts() throws {
        #expect(try lookup("tool") == folder + "/second/tool")
        #expect(try lookup("plain") == folder + "/second/plain")
    }

    @Test func pathIsTakenAsItIs() throws {
        #expect(try lookup(folder + "/second/tool") == folder + "/second/tool")
        #expect(try lookup("./tool", cwd: folder + "/second") == "./tool")
    }

    @Test func emptyEntryIsTheWorkingDirectory() throws {
        #expect(try lookup("tool", path: ":/none", cwd: folder + "/second") == "./tool")
    }

    @Test func entryThatIsAFileIsPassedOver() throws {
        #expect(try lookup("tool", path: "\(folder)/second/text:\(folder)/second") == folder + "/second/tool")
        let error = try #require(throws: RuntimeError.self) { try lookup("tool", path: folder + "/second/text") }
        #expect(error.sentence.contains("executable file not found in $PATH"), "\(error.message)")
    }

    @Test func programThatIsNowhereIsSaid() throws {
        let error = try #require(throws: RuntimeError.self) { try lookup("nothing") }
        #expect(error.code == .program)
        #expect(error.sentence.contains("exec: \"nothing\": executable file not found in $PATH"))
        #expect(error.pointer == "/process/args/0")
    }

    @Test(arguments: ["text", "folder", "fifo"]) func fileThatCannotBeExecutedIsSaid(name: String) throws {
        for name in [name, folder + "/second/" + name] {
            let error = try #require(throws: RuntimeError.self) { try lookup(name) }
            #expect(error.message.contains("permission denied"), "\(error.message)")
        }
    }

    @Test func pathWithoutAFileIsSaidInTheWordsThatEnginesKnow() throws {
        let error = try #require(throws: RuntimeError.self) { try lookup("/none/at/all") }
        #expect(error.message.contains("stat /none/at/all: no such file or directory"), "\(error.message)")
    }
}
