/// The answer of `check --json`.
struct Checked {
    let finished: Finished
    let report: JSON

    /// Runs `check` on a bundle, in the same way in which the given command runs the runtime.
    init(_ command: Command) throws {
        finished = try command.run()
        report = try JSONParser.parse(finished.output)
    }

    var status: Int? { if case .exited(let status) = finished.ending { Int(status) } else { nil } }

    /// The messages of one kind of findings.
    func messages(_ kind: String) -> [String] {
        report.findings.elements.filter { $0.kind == .string(kind) }.map { $0.message.text ?? "" }
    }

    var errors: [String] { messages("error") }
}

extension Bundle {
    /// What `check` says about this bundle.
    func check(global: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws -> Checked {
        try writeConfig()
        var command = sandbox.command(["check", "--json", "--bundle", path], global: global)
        adjust(&command)
        return try Checked(command)
    }
}
