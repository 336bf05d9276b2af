import CHarness
import Testing

@Suite("log", .needsRoot, .sandboxed)
struct LogTests {
    /// Runs a `create` that must fail. Returns what it writes to the log and to stderr.
    private func log(_ format: String, _ configure: (inout JSON) -> Void) throws -> (log: String, errors: String) {
        let bundle = try Bundle { configure(&$0) }
        let path = bundle.path + "/log"
        let finished = try bundle.command("create", global: ["--log", path, "--log-format", format]).run()
        #expect(finished.ending == .exited(1))
        return (read(path), finished.message)
    }

    // podman parses the whole file as one object; containerd parses the last line.
    @Test func failureIsOneObjectOnOneLine() throws {
        let (log, errors) = try log("json") { $0.runs(arguments: ["no-such-program"]) }
        #expect(log.hasSuffix("}\n"))
        let entry = try JSONParser.parse(log)
        #expect(entry.level == "error")
        let message = try #require(entry.msg.text)
        #expect(message.contains("exec: \"no-such-program\": executable file not found in $PATH"))
        // RFC 3339.
        let time = try #require(entry.time.text)
        #expect(time.dropFirst(10).first == "T" && time.count >= 20, "\(time)")
        #expect(errors.says("executable file not found in $PATH"))
    }

    @Test func textFormatIsOneLine() throws {
        let (log, _) = try log("text") { $0.runs(arguments: ["no-such-program"]) }
        #expect(log.lines.count == 1)
        #expect(log.hasPrefix("time=\""))
        #expect(log.contains(" level=error msg=\""))
    }

    // Text of the config that could end a line, or colour a terminal.
    @Test(arguments: [
        "line\nbreak", "quote\"", "back\\slash", "\u{1b}[31mred", "\u{7f}", "é", "\u{202e}", "\r\n{\"level\":\"error\"}",
    ])
    func textOfTheConfigCannotEndTheLine(text: String) throws {
        for change in [
            { (config: inout JSON) in config.runs(arguments: [text]) },
            { (config: inout JSON) in config.mounts.append(.mount("/mnt", source: "/no/such/" + text, ["bind"])) },
            { (config: inout JSON) in config.linux.sysctl = [text: "1"] },
            { (config: inout JSON) in config.process.rlimits = [["type": .string(text), "soft": 1, "hard": 1]] },
        ] {
            let (log, errors) = try log("json") { change(&$0) }
            #expect(log.split(separator: "\n").count == 1)
            #expect(try JSONParser.parse(log).level == "error")
            #expect(!errors.contains("\u{1b}"), "no control character on the terminal")
        }
    }

    @Test func longTextIsBounded() throws {
        let (log, errors) = try log("json") { $0.runs(arguments: [String(repeating: "x", count: 1 << 20)]) }
        #expect(log.utf8.count < 20_000)
        #expect(errors.utf8.count < 20_000)
    }

    /// A `create` that must fail, with a fifo as its log.
    private func creationWithAFifo() throws -> (command: Command, path: String) {
        let bundle = try Bundle { $0.runs(arguments: ["no-such-program"]) }
        let path = bundle.path + "/log"
        guard mkfifo(path, 0o600) == 0 else { throw HarnessFailure.system("mkfifo") }
        return (try bundle.command("create", global: ["--log", path]), path)
    }

    @Test func fifoThatNobodyReadsIsRefused() throws {
        let (create, path) = try creationWithAFifo()
        let finished = try create.run()
        #expect(finished.ending == .exited(1))
        #expect(finished.message.says("can't open the log file \"\(path)\": no such device or address"))
    }

    @Test func fifoThatSomebodyReadsGetsTheLines() throws {
        let (create, path) = try creationWithAFifo()
        let reader = h_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
        defer { close(reader) }
        #expect(try create.run().ending == .exited(1))
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = CHarness.read(reader, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).says("executable file not found"))
    }

    @Test func fifoThatIsFullHoldsNobodyUp() throws {
        let (create, path) = try creationWithAFifo()
        let reader = h_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
        defer { close(reader) }
        let page = [UInt8](repeating: 0, count: 4096)
        while write(reader, page, page.count) > 0 {}
        #expect(try create.run().ending == .exited(1))
    }

    @Test func debugTellsEachStepOfTheHosts() throws {
        let bundle = try Bundle()
        let log = bundle.path + "/log"
        let finished = try bundle.command("run", global: ["--debug", "--log", log, "--log-format", "json"]).run()
        #expect(finished.succeeded && finished.errors.isEmpty, "\(finished)")
        let entries = try read(log).lines.map { try JSONParser.parse($0) }
        let steps = entries.filter { $0.level == "debug" }.compactMap(\.msg.text)
        for step in ["read bundle", "plan", "clone", "write state", "release", "start", "remove cgroup"] {
            #expect(steps.contains("step: " + step), "\(steps)")
        }
        // The steps of the process inside the container aren't among them, since that process has no log.
        #expect(!steps.contains("step: execve") && !steps.contains("step: isolate"))
    }

    @Test func isAddedToNotOverwritten() throws {
        let bundle = try Bundle { $0.runs(arguments: ["no-such-program"]) }
        let path = bundle.path + "/log"
        try write("{\"level\":\"info\",\"msg\":\"before\",\"time\":\"2026-01-01T00:00:00Z\"}\n", to: path)
        _ = try bundle.command("create", global: ["--log=\(path)", "--log-format=json"]).run()
        #expect(read(path).lines.count == 2)
        #expect(read(path).contains("before"))
    }

    @Test func withoutAFileTheLineGoesToStandardError() throws {
        let message = try refusal { $0.runs(arguments: ["no-such-program"]) }
        #expect(message.says("executable file not found in $PATH"))
    }

    // The environment often contains secrets.
    @Test func environmentIsNotInTheLog() throws {
        for arguments in [["true"], ["no-such-program"]] {
            let bundle = try Bundle {
                $0.process.env.append("TOKEN=top-secret-value")
                $0.runs(arguments: arguments)
            }
            let path = bundle.path + "/log"
            let finished = try bundle.command("run", global: ["--debug", "--log", path]).run()
            #expect(!read(path).contains("top-secret-value"))
            #expect(!finished.errors.contains("top-secret-value"))
        }
    }

    @Test func thatCannotBeOpenedIsAnError() throws {
        let finished = try Bundle().command("create", global: ["--log", "/no/such/directory/log"]).run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("/no/such/directory/log"))
    }

    @Test func unknownFormatIsAnError() throws {
        #expect(try Bundle().command("create", global: ["--log-format", "xml"]).run().ending == .exited(1))
    }
}
