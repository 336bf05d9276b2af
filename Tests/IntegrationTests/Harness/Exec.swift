import CHarness
import Testing

/// A container whose process does nothing: for one more program to join.
func resting(id: String? = nil, _ configure: (inout JSON) throws -> Void = { _ in }) throws -> Container {
    let bundle = try Bundle(id: id) {
        $0.runs(arguments: ["probe", "pause"])
        try configure(&$0)
    }
    return try bundle.start()
}

extension Container {
    /// `exec` with these options before the id and these arguments after it.
    func joining(_ arguments: [String], options: [String] = [], global: [String] = []) -> Command {
        bundle.sandbox.command(["exec"] + options + [id] + arguments, global: global)
    }

    func exec(_ arguments: String..., options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws
        -> Finished
    {
        var command = joining(arguments, options: options)
        adjust(&command)
        return try command.run()
    }

    /// What a script wrote that ran beside the container's process and ended with status 0.
    func output(
        ofScript script: String, options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }
    ) throws -> String {
        let finished = try exec("sh", "-ec", script, options: options, adjusting: adjust)
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output
    }

    /// The path of a new process.json.
    func file(of process: JSON) throws -> String {
        let path = bundle.path + "/process.json"
        try write(process.description, to: path)
        return path
    }

    /// `exec --process` with a process of its own.
    func exec(
        _ process: JSON, options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }
    ) throws -> Finished {
        var command = joining([], options: ["--process", try file(of: process)] + options)
        adjust(&command)
        return try command.run()
    }

    /// The complaint of an `exec` that has to fail, in one line of its log as on stderr, with the status that engines take for the
    /// runtime's own failure. The container must not have felt it.
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
        // A wrong command line is refused before anything is tried.
        #expect(entry.code == "usage" || message.hasPrefix("exec failed: "), "\(message)")
        #expect(
            message.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } || finished.errors.contains(message),
            "\(finished)")
        #expect(try status() == before)
        return message + (entry.pointer.text.map { " " + $0 } ?? "")
    }
}

extension JSON {
    /// A process.json with nothing but what it must have.
    static func process(_ arguments: [String]) -> JSON {
        ["user": ["uid": 0, "gid": 0], "args": JSON(arguments), "env": ["PATH=/bin"], "cwd": "/"]
    }

    static func process(_ script: String) -> JSON { process(["sh", "-ec", script]) }
}

/// The fields of /proc/PID/status, or of another text of lines with a name, a colon and a value.
func field(_ name: String, of text: String) -> String? {
    text.lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)).trimmed }
}
