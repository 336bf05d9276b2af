import CHarness
import Testing

/// Warnings are for people, and for the log. If the container's process has the runtime's stderr, engines take every line there
/// for output of the process.
@Suite("warnings", .needsRoot, .sandboxed)
struct WarningTests {
    enum Kind: CaseIterable { case run, create, exec }

    /// A command that warns about an unknown capability.
    private func command(_ kind: Kind, global: [String] = [], terminal: Bool = false, options: [String] = []) throws -> Command {
        if kind == .exec {
            return try resting().joining(
                ["echo", "ran"], options: ["--cap", "CAP_SAUSAGE"] + (terminal ? ["--tty"] : []) + options, global: global)
        }
        let bundle = try Bundle {
            $0.process.capabilities = .capabilities(["CAP_SAUSAGE"])
            $0.process.terminal = .bool(terminal)
            $0.runs(arguments: ["echo", "ran"])
        }
        return try bundle.command(kind == .run ? "run" : "create", options, global: global)
    }

    @Test(arguments: Kind.allCases) func stayOutOfTheStreamOfTheProcess(kind: Kind) throws {
        let finished = try command(kind).run()
        #expect(finished.succeeded && finished.errors.isEmpty, "\(finished)")
    }

    @Test(arguments: Kind.allCases) func areInTheLog(kind: Kind) throws {
        let log = try Sandbox.current.directory + "/log"
        let finished = try command(kind, global: ["--log", log]).run()
        #expect(finished.succeeded && finished.errors.isEmpty, "\(finished)")
        #expect(read(log).contains("level=warning msg=\"/process/capabilities: \\\"CAP_SAUSAGE\\\" is no capability"))
    }

    @Test(arguments: Kind.allCases) func areShownAtATerminal(kind: Kind) throws {
        let (terminal, other) = try Terminal.open()
        var command = try command(kind)
        command.terminal = other
        let finished = try command.run()
        #expect(finished.succeeded, "\(finished)")
        try terminal.wait(for: "wherry: warning: /process/capabilities: \"CAP_SAUSAGE\" is no capability")
    }

    @Test(arguments: Kind.allCases) func areShownWhoeverListensWithDebug(kind: Kind) throws {
        let finished = try command(kind, global: ["--debug"]).run()
        #expect(finished.errors.says("wherry: warning: /process/capabilities: \"CAP_SAUSAGE\""), "\(finished)")
    }

    // The container's process has streams of its own, so nothing can be mistaken for its output.
    @Test func ofAProcessWithATerminalAreShown() throws {
        let path = try Sandbox.current.directory + "/console.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let finished = try command(.create, terminal: true, options: ["--console-socket", path]).run()
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.errors.says("wherry: warning: /process/capabilities: \"CAP_SAUSAGE\""))
    }

    // The container's process has ended, so nothing can be mistaken for its output.
    @Test func ofTheTimeAfterTheProcessAreShown() throws {
        let bundle = try Bundle { $0.runs(arguments: ["echo", "ran"]) }
        bundle.config.hooks.poststop = [.hook("echo 'no such network' >&2; exit 3")]
        let finished = try bundle.run()
        #expect(finished.output == "ran\n" && finished.succeeded, "\(finished)")
        #expect(finished.errors.says("wherry: warning: /hooks/poststop/0: "))
        #expect(finished.errors.says("exit status 3, output: no such network"))
    }
}
