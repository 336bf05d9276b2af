import CHarness
import Testing

/// How a program's status, or the reason why it can't run, reaches the caller. Docker and podman act on these statuses and
/// words.
@Suite("exec: statuses and errors", .needsRoot, .sandboxed)
struct ExecErrorTests {
    @Test(arguments: [0, 1, 42, 126, 127, 255]) func statusIsThatOfTheProgram(status: Int32) throws {
        #expect(try resting().exec("sh", "-c", "exit \(status)").ending == .exited(status))
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGHUP, SIGABRT, SIGUSR1]) func statusIs128AndTheSignal(signal: Int32) throws {
        #expect(try resting().exec("sh", "-c", "ulimit -c 0; kill -\(signal) $$").ending == .exited(128 + signal))
    }

    @Test func standardStreamsAreHandedOn() throws {
        let container = try resting()
        try write("typed\n", to: container.bundle.path + "/input")
        let input = h_open(container.bundle.path + "/input", O_RDONLY | O_CLOEXEC, 0)
        defer { close(input) }
        let finished = try container.exec("sh", "-c", "cat; echo wrong >&2") { $0.descriptors = [0: input] }
        #expect(finished.output == "typed\n")
        #expect(finished.errors == "wrong\n")
    }

    @Test func programThatIsNowhereOnThePath() throws {
        let message = try resting().refusalOfExec("no-such-program")
        #expect(message.says("exec: \"no-such-program\": executable file not found in $PATH"))
    }

    @Test func twoDashesAreNoOptionAfterTheId() throws {
        let message = try resting().exec("--", "ps").message
        #expect(message.says("hint: \"--\" is taken for the program's name: leave it out"))
    }

    @Test func programThatDoesNotExist() throws {
        let message = try resting().refusalOfExec("/no/such/program")
        #expect(message.says("exec: \"/no/such/program\": stat /no/such/program: no such file or directory"))
    }

    @Test func programThatMayNotBeExecuted() throws {
        let container = try resting()
        try write("not a program", to: container.bundle.rootfs + "/etc/motd")
        #expect(try container.refusalOfExec("/etc/motd").says("exec: \"/etc/motd\": permission denied"))
        #expect(try container.refusalOfExec("/etc").says("exec: \"/etc\": permission denied"))
    }

    // Only the kernel finds this error, at the very last step.
    @Test func programThatTheUserMayNotExecute() throws {
        let container = try resting()
        try write("#!/bin/sh\n", to: container.bundle.rootfs + "/bin/private", mode: 0o700)
        #expect(try container.refusalOfExec("private", options: ["--user", "1000"]).says("permission denied"))
    }

    @Test func interpreterThatDoesNotExist() throws {
        let container = try resting()
        try write("#!/no/such/interpreter\n", to: container.bundle.rootfs + "/bin/script", mode: 0o755)
        #expect(try container.refusalOfExec("script").says("no such file or directory"))
    }

    @Test func programForAnotherMachine() throws {
        let container = try resting()
        try write(
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xFF, 0xFE],
            to: container.bundle.rootfs + "/bin/program", mode: 0o755)
        #expect(try container.refusalOfExec("program").says("exec format error"))
    }

    @Test func detachedIsToldOfTheLastStepsFailureToo() throws {
        let container = try resting()
        try write("#!/no/such/interpreter\n", to: container.bundle.rootfs + "/bin/script", mode: 0o755)
        #expect(try container.refusalOfExec("script", options: ["--detach"]).says("no such file or directory"))
    }

    @Test func workingDirectoryThatIsMissing() throws {
        let message = try resting().refusalOfExec("true", options: ["--cwd", "/no/such"])
        #expect(message.says("chdir to cwd (\"/no/such\") set in config.json failed"))
        #expect(message.says("no such file or directory"))
    }

    @Test func workingDirectoryThatIsAFile() throws {
        let container = try resting()
        try write("", to: container.bundle.rootfs + "/etc/motd")
        #expect(try container.refusalOfExec("true", options: ["--cwd", "/etc/motd"]).says("not a directory"))
    }

    @Test func workingDirectoryThatNobodyInTheContainerMayEnter() throws {
        let container = try resting { $0.mapUsers() }
        try makeDirectory(container.bundle.rootfs + "/closed", mode: 0o700)
        let message = try container.refusalOfExec("true", options: ["--cwd", "/closed", "--user", "1000"])
        #expect(message.says("chdir to cwd (\"/closed\") set in config.json failed"))
        #expect(message.says("permission denied"))
    }

    @Test(arguments: ["tmp", "./tmp", "../tmp"]) func workingDirectoryThatIsRelative(path: String) throws {
        #expect(try resting().refusalOfExec("true", options: ["--cwd", path]).says("is not absolute"))
    }

    @Test func noProgramAtAll() throws {
        #expect(try resting().refusalOfExec().says("no program"))
    }

    @Test(arguments: ["", "a/b", "..", "no-such-container"]) func containerThatDoesNotExist(id: String) throws {
        let finished = try Sandbox.current.runtime("exec", id, "true")
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(!finished.errors.isEmpty)
        if id == "no-such-container" { #expect(finished.errors.says("container does not exist")) }
    }

    @Test func withoutAnID() throws {
        #expect(try Sandbox.current.runtime("exec").ending == .exited(255))
    }

    @Test func consoleSocketWithoutATerminal() throws {
        let container = try resting()
        let path = container.bundle.path + "/console.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let message = try container.refusalOfExec("true", options: ["--detach", "--console-socket", path])
        #expect(message.says("cannot use console socket"))
    }

    @Test func detachedTerminalWithoutAConsoleSocket() throws {
        let message = try resting().refusalOfExec("true", options: ["--detach", "--tty"])
        #expect(message.says("cannot allocate tty if the runtime will detach without setting console socket"))
    }

    // Text of the command line that could end a line of the log, or colour a terminal.
    @Test(arguments: ["line\nbreak", "quote\"", "\u{1b}[31mred", "back\\slash", "\u{7f}"]) func oddNamesCannotEndTheLine(
        name: String
    ) throws {
        let container = try resting()
        for (arguments, options) in [([name], []), (["true"], ["--cwd", "/" + name]), (["true"], ["--user", name])] {
            _ = try container.refusalOfExec(arguments, options: options)
            let errors = try container.joining(arguments, options: options).run().errors
            #expect(errors.lines.count <= 2, "the complaint, and a hint: \(errors)")
            #expect(!errors.contains("\u{1b}") && !errors.contains("\u{7f}"), "\(errors)")
        }
    }

    // The environment often contains secrets.
    @Test func environmentIsNotInTheLog() throws {
        let container = try resting()
        for program in ["true", "no-such-program"] {
            let log = container.bundle.path + "/debug.log"
            let finished = try container.joining(
                [program], options: ["--env", "TOKEN=top-secret-value"], global: ["--debug", "--log", log]
            ).run()
            #expect(!read(log).contains("top-secret-value"))
            #expect(!finished.errors.contains("top-secret-value"))
        }
    }
}
