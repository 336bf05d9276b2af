import CHarness
import Testing

@Suite("exec: terminal", .needsRoot, .sandboxed)
struct ExecTerminalTests {
    /// Starts `exec` on a terminal of its own.
    private func foreground(_ container: Container, _ script: String, options: [String] = ["--tty"]) throws -> (
        RunningCommand, Terminal
    ) {
        let (terminal, other) = try Terminal.open()
        try terminal.resize(rows: 20, columns: 70)
        var command = container.joining(["sh", "-c", script], options: options)
        command.terminal = other
        return (try command.start(), terminal)
    }

    /// Runs `exec` detached. Returns the program's pid, and the terminal that came over the console socket.
    private func detached(_ container: Container, _ process: JSON, options: [String] = []) throws -> (pid_t, Terminal) {
        let path = container.bundle.path + "/console.sock"
        let listener = h_listen(path)
        defer {
            close(listener)
            unlink(path)
        }
        let pidFile = container.bundle.path + "/exec.pid"
        // In the order of conmon and of containerd's shim.
        let finished = try container.exec(
            process: process, options: options + ["--console-socket", path, "--detach", "--pid-file", pidFile])
        guard finished.succeeded, let pid = pid_t(read(pidFile)) else { throw HarnessFailure("\(finished)") }
        container.bundle.sandbox.willEnd(pid)
        return (pid, Terminal(descriptor: try Received(from: listener).descriptor))
    }

    @Test(arguments: ["--tty", "-t"]) func isOnAllStandardStreamsAndControls(option: String) throws {
        let (exec, terminal) = try foreground(
            resting(), "test -t 0 && test -t 1 && test -t 2 && tty; exec 3</dev/tty && echo controls; exit 5", options: [option])
        try terminal.wait(for: "controls\n")
        #expect(terminal.text.hasPrefix("/dev/pts/0\n"), "\(terminal.text)")
        #expect(try exec.finish().ending == .exited(5))
    }

    @Test func typedTextAndSizeReachTheProgram() throws {
        let (exec, terminal) = try foreground(
            resting(), "stty size; trap 'stty size' WINCH; read line; echo \"got $line\"; while :; do sleep 0.01; done")
        try terminal.wait(for: "20 70\n")
        terminal.type("typed\n")
        try terminal.wait(for: "got typed\n")
        try terminal.resize(rows: 44, columns: 123)
        try terminal.wait(for: "44 123\n")
        terminal.type("\u{3}")
        #expect(try exec.finish().ending == .exited(128 + SIGINT))
    }

    @Test func allThatIsWrittenArrives() throws {
        let (exec, terminal) = try foreground(
            resting(), "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo end")
        try terminal.wait(for: "end\n")
        #expect(try exec.finish().ending == .exited(0))
        #expect(terminal.text.lines.count == 2001)
    }

    @Test func withoutOptionThereIsNone() throws {
        #expect(try resting().exec("tty").output == "not a tty\n")
    }

    // The container's process has a terminal, but a program gets one only by an option.
    @Test func isNotTakenOverFromTheContainersProcess() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs(arguments: ["probe", "pause"])
        }
        let (container, terminal) = try bundle.createWithTerminal()
        try container.start()
        #expect(try container.exec("tty").output == "not a tty\n")
        #expect(try container.exec("sh", "-c", "exec 3</dev/tty").ending != .exited(0))
        withExtendedLifetime(terminal) {}
    }

    @Test func ofACallerWithoutOneIsWrittenToStandardOutput() throws {
        let finished = try resting().exec("sh", "-c", "tty; echo wrong >&2; exit 3", options: ["--tty"])
        #expect(finished.ending == .exited(3))
        #expect(finished.output == "/dev/pts/0\nwrong\n", "\(finished)")
        #expect(finished.errors.isEmpty)
    }

    @Test(arguments: [[], ["--tty"]]) func comesOverTheConsoleSocket(options: [String]) throws {
        let container = try resting()
        var process = JSON.process("tty; stty size; read line; echo \"got $line\"; exit 6")
        process.terminal = options.isEmpty ? true : .null
        process.consoleSize = ["height": 33, "width": 111]
        let (pid, terminal) = try detached(container, process, options: options)
        try terminal.wait(for: "\n")
        // Without "terminal" in the file, its size is ignored.
        if options.isEmpty { try terminal.wait(for: "33 111\n") }
        terminal.type("typed\n")
        try terminal.wait(for: "got typed\n")
        #expect(try reap(pid) == .exited(6))
    }

    @Test func comesOverTheConsoleSocketToTheCommandLineToo() throws {
        let container = try resting()
        let path = container.bundle.path + "/console.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let pidFile = container.bundle.path + "/exec.pid"
        let finished = try container.exec("tty", options: ["-t", "-d", "--console-socket", path, "--pid-file", pidFile])
        container.bundle.sandbox.willEnd(try #require(pid_t(read(pidFile)), "\(finished)"))
        #expect(finished.output.isEmpty)
        try Terminal(descriptor: try Received(from: listener).descriptor).wait(for: "/dev/pts/0\n")
    }

    // A caller that waits for the end of its output would otherwise wait as long as the program lives.
    @Test func nothingOfTheCallersStreamsIsKept() throws {
        let container = try resting()
        let (pid, terminal) = try detached(
            container,
            {
                var process = JSON.process("echo ready; sleep 1000")
                process.terminal = true
                return process
            }())
        try terminal.wait(for: "ready\n")
        for number in 0...2 { #expect(linkTarget("/proc/\(pid)/fd/\(number)") == "/dev/pts/0") }
        #expect(entries(of: "/proc/\(pid)/fd").count <= 4)
    }

    @Test func belongsToTheUser() throws {
        let container = try resting()
        let (exec, terminal) = try foreground(
            container, "stat -c '%u %a' /dev/pts/0; echo x >/dev/pts/0 && echo end", options: ["--tty", "--user", "1000"])
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("1000 620\n"), "\(terminal.text)")
        #expect(try exec.finish().ending == .exited(0))
    }

    @Test func isOfTheContainersOwnDevptsInAUserNamespace() throws {
        let container = try resting { $0.mapUsers() }
        let (exec, terminal) = try foreground(container, "tty; stat -c '%u' /dev/pts/0; echo end")
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("/dev/pts/0\n0\n"), "\(terminal.text)")
        #expect(try exec.finish().ending == .exited(0))
    }

    // The first of exec's two processes has sent the terminal when the limit refuses it the second one.
    @Test(.needs(controller: "pids"), arguments: [1, 2]) func isHadInAContainerAtItsLimitOfProcesses(limit: Int) throws {
        let container = try resting { $0.linux.resources.pids.limit = .number(limit) }
        let (exec, terminal) = try foreground(container, "exec tty")
        try terminal.wait(for: "/dev/pts/0\n")
        #expect(try exec.finish().ending == .exited(0))
    }

    @Test func eachProgramHasItsOwn() throws {
        let container = try resting()
        let (first, one) = try foreground(container, "tty; read line")
        try one.wait(for: "/dev/pts/0\n")
        let (second, other) = try foreground(container, "tty; read line")
        try other.wait(for: "/dev/pts/1\n")
        for terminal in [one, other] { terminal.type("\n") }
        for exec in [first, second] { _ = try exec.finish() }
        #expect(try container.output(ofScript: "ls /dev/pts") == "ptmx\n")
    }

    @Test func needsADevpts() throws {
        let container = try resting { $0.drop(mount: "/dev/pts") }
        #expect(try container.refusalOfExec("true", options: ["--tty"]).says("terminal"))
    }

    @Test func consoleSocketThatNobodyListensAtIsAnError() throws {
        let container = try resting()
        let message = try container.refusalOfExec(
            "true", options: ["-t", "-d", "--console-socket", container.bundle.path + "/nobody.sock"])
        #expect(message.says("nobody.sock"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }
}
