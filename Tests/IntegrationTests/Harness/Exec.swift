import CHarness
import Testing

/// Starts a container whose process only waits, so that a test can run `exec` in it.
func resting(id: String? = nil, _ configure: (inout JSON) throws -> Void = { _ in }) throws -> Container {
    let bundle = try Bundle(id: id) {
        $0.runs(arguments: ["probe", "pause"])
        try configure(&$0)
    }
    return try bundle.start()
}

extension Container {
    /// The `exec` command, with these options before the id and these arguments after it.
    func joining(_ arguments: [String], options: [String] = [], global: [String] = []) -> Command {
        bundle.sandbox.command(["exec"] + options + [id] + arguments, global: global)
    }

    /// Runs `exec` with these arguments, which may fail.
    func exec(_ arguments: String..., options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws
        -> Finished
    {
        var command = joining(arguments, options: options)
        adjust(&command)
        return try command.run()
    }

    /// Runs a shell script by `exec`, which must end with status 0, and returns what it wrote.
    func output(
        ofScript script: String, options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }
    ) throws -> String {
        let finished = try exec("sh", "-ec", script, options: options, adjusting: adjust)
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output
    }

    /// Writes process.json, and returns its path.
    func file(of process: JSON) throws -> String {
        let path = bundle.path + "/process.json"
        try write(process.description, to: path)
        return path
    }

    /// Runs `exec --process` with a file of this process.
    func exec(
        process: JSON, options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }
    ) throws -> Finished {
        var command = joining([], options: ["--process", try file(of: process)] + options)
        adjust(&command)
        return try command.run()
    }

    /// The message of an `exec` that must fail. The test fails unless the message is the log's only line and is on stderr too,
    /// the status is 255 (which engines take for a failure of the runtime itself), and the container's status is the same as
    /// before.
    func refusalOfExec(_ arguments: String..., options: [String] = []) throws -> String {
        try refusalOfExec(arguments, options: options)
    }

    func refusalOfExec(_ process: JSON, options: [String] = []) throws -> String {
        try refusalOfExec([], options: ["--process", try file(of: process)] + options)
    }

    func refusalOfExec(_ arguments: [String], options: [String]) throws -> String {
        let log = bundle.path + "/exec.log"
        unlink(log)
        let before = try status()
        let finished = try joining(arguments, options: options, global: ["--log", log, "--log-format", "json"]).run()
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(finished.output.isEmpty, "\(finished)")
        let lines = read(log).lines
        #expect(lines.count == 1, "\(lines)")
        let entry = try JSONParser.parse(lines.first ?? "{}")
        #expect(entry.level == "error")
        let message = entry.msg.text ?? ""
        // An error in the command line is found before `exec` does anything, so "exec failed: " isn't in front of it.
        #expect(entry.code == "usage" || message.hasPrefix("exec failed: "), "\(message)")
        #expect(
            message.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } || finished.errors.contains(message),
            "\(finished)")
        #expect(try status() == before)
        return message + (entry.pointer.text.map { " " + $0 } ?? "")
    }
}

extension JSON {
    /// A process.json with the required properties only.
    static func process(_ arguments: [String]) -> JSON {
        ["user": ["uid": 0, "gid": 0], "args": JSON(arguments), "env": ["PATH=/bin"], "cwd": "/"]
    }

    /// A process.json that runs a shell script.
    static func process(_ script: String) -> JSON { process(["sh", "-ec", script]) }
}

/// The value of one field in /proc/PID/status, or in any text with lines of the form "name: value".
func field(_ name: String, of text: String) -> String? {
    text.lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)).trimmed }
}
