import CHarness
import Testing

@Suite("terminal", .needsRoot, .sandboxed)
struct TerminalTests {
    /// Creates a container with a terminal, which the test gets through a console socket.
    private func create(_ script: String, _ configure: (inout JSON) -> Void = { _ in }) throws -> (Container, Terminal) {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs(script)
            configure(&$0)
        }
        let path = bundle.path + "/console.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let container = try bundle.create(["--console-socket", path])
        return (container, Terminal(descriptor: try Received(from: listener).descriptor))
    }

    @Test func comesOverTheConsoleSocket() throws {
        let (container, terminal) = try create("echo out; echo wrong >&2; read line; echo \"got $line\"")
        try container.start()
        try terminal.wait(for: "wrong\n")
        terminal.type("typed\n")
        try terminal.wait(for: "got typed\n")
        #expect(try container.wait() == .exited(0))
        #expect(container.output.isEmpty)
    }

    @Test func isOnAllStandardStreamsAndControls() throws {
        let (container, terminal) = try create(
            "tty; test -t 0 && test -t 1 && test -t 2 && echo all; ps -o tty,comm; exec 3</dev/tty && echo controls")
        try container.start()
        try terminal.wait(for: "controls\n")
        #expect(terminal.text.contains("/dev/pts/0\n"))
        #expect(terminal.text.contains("all\n"))
    }

    @Test func isTheContainersOwnDevpts() throws {
        let (container, terminal) = try create("ls -1 /dev/pts; stat -c '%t:%T' /dev/pts/0 /dev/console; echo end")
        try container.start()
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("0\nptmx\n88:0\n88:0\n"), "\(terminal.text)")
    }

    @Test func belongsToTheUser() throws {
        let (container, terminal) = try create("stat -c '%u %a' /dev/pts/0; echo x > /dev/console && echo end") {
            $0.process.user.uid = 1000
        }
        try container.start()
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("1000 620\n"), "\(terminal.text)")
    }

    @Test func belongsToTheUserInAUserNamespace() throws {
        let (container, terminal) = try create("stat -c '%u' /dev/pts/0; echo end") {
            $0.mapUsers()
            $0.process.user.uid = 1000
        }
        try container.start()
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("1000\n"), "\(terminal.text)")
    }

    @Test func hasTheSizeOfTheConfig() throws {
        let (container, terminal) = try create("stty size; echo end") { $0.process.consoleSize = ["height": 33, "width": 111] }
        #expect(try terminal.size == (33, 111))
        try container.start()
        try terminal.wait(for: "end\n")
        #expect(terminal.text.hasPrefix("33 111\n"))
    }

    @Test func sizeWithoutATerminalIsIgnored() throws {
        #expect(try output(ofScript: "echo ran") { $0.process.consoleSize = ["height": 33, "width": 111] } == "ran\n")
    }

    @Test func resizingReachesTheProcess() throws {
        let (container, terminal) = try create("trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done")
        try container.start()
        try terminal.wait(for: "ready\n")
        try terminal.resize(rows: 44, columns: 123)
        try terminal.wait(for: "44 123\n")
        try container.delete("--force")
    }

    @Test func controlCInterruptsTheProcess() throws {
        let (container, terminal) = try create("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.01; done")
        try container.start()
        try terminal.wait(for: "ready\n")
        terminal.type("\u{3}")
        try terminal.wait(for: "interrupted\n")
        #expect(try container.wait() == .exited(9))
    }

    @Test func withoutAConsoleSocketIsRefusedByCreate() throws {
        #expect(try refusal { $0.process.terminal = true }.says("console"))
    }

    @Test func consoleSocketWithoutATerminalIsRefused() throws {
        let bundle = try Bundle()
        let listener = h_listen(bundle.path + "/console.sock")
        defer { close(listener) }
        let message = try bundle.refusal(options: ["--console-socket", bundle.path + "/console.sock"])
        #expect(message.says("terminal") || message.says("tty"))
    }

    @Test func consoleSocketThatNobodyListensAtFailsTheCreate() throws {
        let bundle = try Bundle { $0.process.terminal = true }
        #expect(try bundle.refusal(options: ["--console-socket", bundle.path + "/nobody.sock"]).says("nobody.sock"))
    }

    // The queue of a listening socket is short, and its owner may never accept a connection.
    @Test func consoleSocketWithAFullQueueIsNotWaitedForWithoutEnd() throws {
        let bundle = try Bundle { $0.process.terminal = true }
        let path = bundle.path + "/console.sock"
        let busy = try BusySocket(path)
        let message = try bundle.refusal(options: ["--console-socket", path])
        #expect(message.says("nobody has accepted a connection to the console socket \"\(path)\" within 10 seconds"))
        withExtendedLifetime(busy) {}
    }

    // sockaddr_un has room for 107 bytes and a NUL. A longer path is reached through a descriptor of its directory.
    @Test func pathOfTheConsoleSocketMayBeLong() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs("echo out")
        }
        let directory = bundle.path + "/" + String(repeating: "d", count: 120)
        try makeDirectory(directory)
        try makeLink(bundle.path + "/short", to: directory)
        let listener = h_listen(bundle.path + "/short/s")
        #expect(listener >= 0)
        defer { close(listener) }
        let container = try bundle.create(["--console-socket", directory + "/s"])
        let terminal = Terminal(descriptor: try Received(from: listener).descriptor)
        try container.start()
        try terminal.wait(for: "out\n")
    }

    /// Starts `run` on a terminal of its own.
    private func foreground(_ script: String) throws -> (RunningCommand, Terminal) {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs(script)
        }
        let (terminal, other) = try Terminal.open()
        try terminal.resize(rows: 20, columns: 70)
        var command = try bundle.command("run")
        command.terminal = other
        return (try command.start(), terminal)
    }

    // A pipe gets the lines as the program wrote them. Only a terminal gets carriage returns.
    @Test(arguments: [false, true]) func linesThatGoToAPipeEndInALineFeed(exec: Bool) throws {
        let finished: Finished
        if exec {
            finished = try resting().exec("sh", "-c", "echo one; echo two", options: ["--tty"])
        } else {
            finished = try Bundle {
                $0.process.terminal = true
                $0.runs("echo one; echo two")
            }.run()
        }
        #expect(finished.output == "one\ntwo\n", "\(finished)")
    }

    @Test(arguments: [false, true]) func linesThatGoToATerminalAreShownAsLines(exec: Bool) throws {
        let (terminal, other) = try Terminal.open()
        var command = try Bundle {
            $0.process.terminal = true
            $0.runs("echo one; echo two")
        }.command("run")
        if exec { command = try resting().joining(["sh", "-c", "echo one; echo two"], options: ["--tty"]) }
        command.terminal = other
        let running = try command.start()
        try terminal.wait(for: "two\n")
        #expect(terminal.bytes.starts(with: Array("one\r\ntwo\r\n".utf8)), "\(terminal.text)")
        #expect(try running.finish().ending == .exited(0))
    }

    // The program that reads the output may write to the terminal that the runtime has made raw.
    @Test func linesOfAPipelineAtATerminalAreShownAsLines() throws {
        let (terminal, other) = try Terminal.open()
        var command = try Bundle {
            $0.process.terminal = true
            $0.runs("echo one; read x; echo two")
        }.command("run")
        command.arguments = [Workspace.busybox, "sh", "-c", "\"$@\" | cat", "sh"] + command.arguments
        command.terminal = other
        let running = try command.start()
        try terminal.wait(for: "one\n")
        terminal.type("\n")
        try terminal.wait(for: "two\n")
        #expect(terminal.bytes.starts(with: Array("one\r\n".utf8)) && terminal.bytes.suffix(5) == Array("two\r\n".utf8)[...])
        #expect(try running.finish().ending == .exited(0))
    }

    @Test func inTheForegroundIsTheCallers() throws {
        let (run, terminal) = try foreground("stty size; read line; echo \"got $line\"; exit 5")
        try terminal.wait(for: "20 70\n")
        terminal.type("typed\n")
        try terminal.wait(for: "got typed\n")
        #expect(try run.finish().ending == .exited(5))
    }

    @Test func inTheForegroundResizingReachesTheProcess() throws {
        let (run, terminal) = try foreground(
            "trap 'stty size' WINCH; trap 'exit 0' INT; echo ready; while :; do sleep 0.01; done")
        try terminal.wait(for: "ready\n")
        try terminal.resize(rows: 44, columns: 123)
        try terminal.wait(for: "44 123\n")
        terminal.type("\u{3}")
        #expect(try run.finish().ending == .exited(0))
    }

    // The caller's terminal is in raw mode, so the key goes to the container and not to the runtime.
    @Test func inTheForegroundControlCGoesToTheProcess() throws {
        let (run, terminal) = try foreground("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.01; done")
        try terminal.wait(for: "ready\n")
        terminal.type("\u{3}")
        try terminal.wait(for: "interrupted\n")
        #expect(try run.finish().ending == .exited(9))
    }

    @Test func modesOfTheCallersTerminalAreRestored() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs("stty raw; echo ran")
        }
        let (terminal, other) = try Terminal.open()
        let holder = h_open(other, O_RDWR | O_NOCTTY | O_CLOEXEC, 0)
        defer { close(holder) }
        var before = termios()
        #expect(tcgetattr(holder, &before) == 0)
        var command = try bundle.command("run")
        command.terminal = other
        let run = try command.start()
        try terminal.wait(for: "ran")
        #expect(try run.finish().ending == .exited(0))
        var after = termios()
        #expect(tcgetattr(holder, &after) == 0)
        #expect(before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag && before.c_oflag == after.c_oflag)
    }

    @Test func everythingWrittenBeforeTheEndArrives() throws {
        let (run, terminal) = try foreground("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo the end")
        try terminal.wait(for: "the end\n")
        #expect(try run.finish().ending == .exited(0))
        #expect(terminal.text.contains("line 2999\n"))
        #expect(terminal.text.lines.count == 3001)
    }

    @Test func detachedNeedsAConsoleSocket() throws {
        let bundle = try Bundle { $0.process.terminal = true }
        #expect(try bundle.refusal(by: "run", options: ["--detach"]).says("console"))
    }
}
