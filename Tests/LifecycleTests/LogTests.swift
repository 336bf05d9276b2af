import Bytes
import CLinux
import Errors
import Foundation
import Linux
import Testing

@testable import Lifecycle

/// A log with a file, and with a pipe as stderr. Tests read both back.
private struct Recorder {
    let path = NSTemporaryDirectory() + "wherry-log-" + UUID().uuidString
    private let pipe = Pipe()

    func record(_ format: Log.Format? = .json, level: Log.Level = .warning, _ body: (Log) throws -> Void) throws {
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let log: Log
        if let format {
            log = try Log(file: ByteString(path), format: format, level: level, stderr: descriptor)
        } else {
            log = Log(level: level, stderr: descriptor)
        }
        try body(log)
        try pipe.fileHandleForWriting.close()
    }

    var file: [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }
    var lines: [String] { String(decoding: file, as: UTF8.self).split(separator: "\n").map(String.init) }
    func stderr() throws -> String { String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self) }
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

private let failure = RuntimeError(
    .mount, "can't mount \"/data\"", step: "mountAll", pointer: "/mounts/3", path: "/srv/data", call: "move_mount",
    errno: .ENOENT,
    hint: "create it")

@Suite struct LogTests {
    @Test func writesWhatEnginesReadAndItsOwnFieldsInJSON() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        try recorder.record { $0.error(failure, command: "create", prefix: "create failed: ") }
        let line = try #require(recorder.lines.first)
        let time = try #require(line.firstMatch(of: /"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/)?.1)
        #expect(
            line == #"{"level":"error","msg":"create failed: /mounts/3: can't mount \"/data\": no such file or directory","#
                + #""time":"\#(time)","code":"mount","step":"mountAll","syscall":"move_mount","errno":2,"path":"/srv/data","#
                + #""pointer":"/mounts/3","hint":"create it"}"#)
        #expect(recorder.lines.count == 1)
        #expect(
            try recorder.stderr() == "create failed: /mounts/3: can't mount \"/data\": no such file or directory\n")
    }

    @Test func levelErrorLeavesOutWarnings() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        try recorder.record(level: .error) {
            $0.warn("something is different")
            $0.error(failure, command: "create")
        }
        #expect(recorder.lines.count == 1 && recorder.lines.first?.contains(#""level":"error""#) == true)
    }

    @Test func writesLogrusTextWithQuotesWhereLogrusHasThem() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        try recorder.record(.text) {
            $0.error(RuntimeError(.usage, "unknown signal \"NO\u{1B}\""), command: "kill")
            $0.warn("plain")
        }
        let texts = recorder.lines.map { $0.replacing(/^time="[-0-9T:]{19}Z"/, with: "time=T") }
        #expect(texts == [#"time=T level=error msg="unknown signal \"NO\x1b\"" code=usage"#, "time=T level=warning msg=plain"])
    }

    @Test func tellsPeopleTheCommandAndTheHint() throws {
        let recorder = Recorder()
        try recorder.record(nil) { $0.error(failure, command: "create", prefix: "create failed: ") }
        #expect(
            try recorder.stderr()
                == "wherry: create: /mounts/3: can't mount \"/data\": no such file or directory\n  hint: create it\n")
    }

    @Test func keepsQuietAboutDetailsUnlessAsked() throws {
        let quiet = Recorder()
        try quiet.record(nil) { log in
            log.debug("never")
            log.warn("mind the gap")
        }
        #expect(try quiet.stderr() == "wherry: warning: mind the gap\n")
        let loud = Recorder()
        try loud.record(nil, level: .debug) { $0.debug("step") }
        #expect(try loud.stderr() == "wherry: debug: step\n")
    }

    @Test func appendsToWhatIsThere() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        for _ in 0..<2 {
            let log = try Log(file: ByteString(recorder.path), format: .json, level: .warning)
            log.warn("again")
        }
        #expect(recorder.lines.count == 2)
    }

    @Test func makesRoomForDescriptorsOfTheContainer() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        try recorder.record { log in
            try log.keepClear(ofDescriptorsBelow: 200)
            #expect(log.file.map { $0 >= 200 && c_fcntl($0, F_GETFD, 0) == FD_CLOEXEC } == true)
            log.error(failure, command: "create")
        }
        #expect(recorder.lines.count == 1)
    }

    @Test func saysWhichFileItCannotOpen() {
        #expect { try Log(file: "/nonexistent/log", format: .json, level: .warning) } throws: {
            let error = $0 as? RuntimeError
            return error?.message == "can't open the log file \"/nonexistent/log\": no such file or directory"
        }
    }

    private static let hostileTexts = [
        "forged": "a\nlevel=error msg=forged", "second object": "\"}\n{\"level\":\"error\"",
        "escape sequence": "\u{1B}[2J\u{1B}]0;x\u{7}", "line separators": "\u{2028}\u{85}\u{202E}",
        "megabyte to escape": String(repeating: "\u{1}\"\\\n", count: 250_000),
        "megabyte of signs": String(repeating: "😀", count: 250_000),
    ]

    @Test(arguments: hostileTexts.keys.sorted()) func makesOneBoundedLineOfAnything(_ name: String) throws {
        let hostile = try #require(LogTests.hostileTexts[name])
        let error = RuntimeError(
            .mount, hostile, step: hostile, pointer: hostile, path: ByteString(hostile), call: hostile, errno: .EIO, hint: hostile
        )
        for format in [Log.Format.json, .text] {
            let recorder = Recorder()
            defer { recorder.remove() }
            try recorder.record(format) { $0.error(error, command: "create") }
            let bytes = recorder.file
            #expect(bytes.count <= 8192)
            #expect(bytes.filter { $0 < 0x20 || $0 == 0x7F } == [0x0A])
            #expect(String(validating: bytes, as: UTF8.self) != nil)
            if format == .json {
                let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
                #expect(object?["level"] as? String == "error")
                #expect(object?["errno"] as? Int == 5)
                #expect((object?["msg"] as? String)?.isEmpty == false)
            }
            let shown = Array(try recorder.stderr().utf8)
            #expect(shown.count <= 8192 && shown.filter { $0 < 0x20 } == [0x0A])
        }
    }

    @Test func keepsLinesWholeWhereBytesAreNoUTF8() throws {
        let recorder = Recorder()
        defer { recorder.remove() }
        try recorder.record {
            $0.error(RuntimeError(.mount, "bad", path: ByteString([0x2F, 0xFF, 0x0A, 0xC0, 0xAF])), command: "create")
        }
        let object = try JSONSerialization.jsonObject(with: Data(recorder.file)) as? [String: Any]
        #expect(object?["path"] as? String == "/\u{FFFD}\n\u{FFFD}\u{FFFD}")
    }
}
