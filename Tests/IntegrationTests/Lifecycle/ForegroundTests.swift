import CHarness
import Testing

/// `run` and `exec` while they wait for a program's end.
@Suite("in the foreground", .needsRoot, .sandboxed)
struct ForegroundTests {
    enum Kind: CaseIterable { case run, exec }

    /// Starts a program by one of the two commands, and waits until it has written "ready".
    private func start(
        _ kind: Kind, _ arguments: [String], options: [String] = [], _ configure: (inout JSON) -> Void = { _ in }
    ) throws -> RunningCommand {
        let running: RunningCommand
        switch kind {
        case .run:
            running = try Bundle {
                $0.runs(arguments: arguments)
                configure(&$0)
            }.command("run", options).start()
        case .exec: running = try resting(configure).joining(arguments, options: options).start()
        }
        try eventually("the program's output") { running.output.text.hasPrefix("ready\n") || !running.errors.text.isEmpty }
        return running
    }

    // kill checks whether the container is paused, and by then run may have removed the cgroup.
    @Test func killSucceedsThoughRunRemovesWhatItEnds() throws {
        let bundle = try Bundle { $0.runs("echo ready; exec sleep 1000") }
        for _ in 0..<30 {
            let running = try bundle.command("run").start()
            try eventually("the program's output") { running.output.text == "ready\n" || !running.errors.text.isEmpty }
            let killed = try bundle.sandbox.runtime("kill", bundle.id, "KILL")
            #expect(killed.succeeded, "\(killed)")
            #expect(try running.finish().ending == .exited(128 + SIGKILL))
        }
    }

    // Without signals that can't be caught, and those that are about the runtime itself: faults, PIPE, CHLD, WINCH, job
    // control.
    static let signals: [Int32] = [1, 2, 3, 10, 12, 14, 15, 18, 23, 26, 29, 30, 34, 40, 64]

    @Test(arguments: Kind.allCases, signals) func everySignalIsPassedOn(kind: Kind, number: Int32) throws {
        let running = try start(kind, ["probe", "await-signal", "\(number)"])
        running.signal(number)
        let finished = try running.finish()
        #expect(finished.output == "ready\ngot \(number)\n", "\(finished)")
        #expect(finished.ending == .exited(0))
    }

    @Test(arguments: Kind.allCases, [SIGTERM, SIGHUP, SIGUSR1]) func signalThatEndsTheProgramIsInTheStatus(
        kind: Kind, number: Int32
    ) throws {
        let running = try start(kind, ["sh", "-c", "echo ready; exec sleep 1000"]) { $0.drop(namespace: "pid") }
        running.signal(number)
        #expect(try running.finish().ending == .exited(128 + number))
    }

    // The first process of a pid namespace doesn't get a signal that it has no handler for. The runtime must go on waiting
    // then.
    @Test func signalThatTheContainersInitIgnoresEndsNothing() throws {
        let running = try start(.run, ["sh", "-c", "echo ready; sleep 0.3; exit 6"])
        running.signal(SIGTERM)
        #expect(try running.finish().ending == .exited(6))
    }

    @Test func severalSignalsArriveInTheirOrder() throws {
        let running = try start(
            .run, ["sh", "-c", "trap 'echo one' USR1; trap 'echo two; exit 0' USR2; echo ready; while :; do sleep 0.01; done"])
        running.signal(SIGUSR1)
        try eventually("the first") { running.output.text.hasSuffix("one\n") }
        running.signal(SIGUSR2)
        #expect(try running.finish().output == "ready\none\ntwo\n")
    }

    @Test(arguments: Kind.allCases) func runtimeThatIsKilledLeavesTheProgramRunning(kind: Kind) throws {
        let bundle = try Bundle { $0.runs("echo ready; while :; do echo x >>/tmp/alive; sleep 0.02; done") }
        let container: Container
        let command: RunningCommand
        switch kind {
        case .run:
            command = try bundle.command("run").start()
            try eventually("the output") { command.output.text == "ready\n" }
            container = try Container(of: bundle)
        case .exec:
            bundle.config.runs(arguments: ["probe", "pause"])
            container = try bundle.start()
            command = try container.joining(["sh", "-c", "echo ready; while :; do echo x >>/tmp/alive; sleep 0.02; done"]).start()
            try eventually("the output") { command.output.text == "ready\n" }
            for pid in Cgroup.processes(bundle.cgroup)
            where pid != container.pid && read("/proc/\(pid)/cmdline").hasPrefix("sh\u{0}") {
                bundle.sandbox.willEnd(pid)
            }
        }
        command.signal(SIGKILL)
        #expect(try command.finish().ending == .killed(by: SIGKILL))
        let before = read(bundle.rootfs + "/tmp/alive").count
        try eventually("a sign of life") { read(bundle.rootfs + "/tmp/alive").count > before }
        #expect(try container.status() == "running")
    }

    // Some programs update a file by emptying it and writing it anew. What is mapped from an emptied file can't be read any more.
    @Test(arguments: Kind.allCases) func runtimeSurvivesAnUpdateOfItsProgramInPlace(kind: Kind) throws {
        let script = "echo ready; until test -e /tmp/stop; do sleep 0.02; done; exit 3"
        let bundle = try Bundle { $0.runs(script) }
        let program = bundle.path + "/wherry"
        #expect(try Command([Workspace.busybox, "cp", Workspace.runtime, program]).run().succeeded)
        var command = try bundle.command("run")
        if kind == .exec {
            bundle.config.runs(arguments: ["probe", "pause"])
            command = try bundle.start().joining(["sh", "-c", script])
        }
        command.arguments = [program] + command.arguments.dropFirst()
        let running = try command.start()
        try eventually("the output") { running.output.text == "ready\n" }
        // The runtime has its copy of the program a moment after the container has begun.
        try eventually("no mapping of the file") { !read("/proc/\(running.pid)/maps").contains(program) }
        try write("", to: program)
        try write("", to: bundle.rootfs + "/tmp/stop")
        #expect(try running.finish().ending == .exited(3))
    }

    @Test func orphansAreTheRuntimesUnlessToldOtherwise() throws {
        for (options, isOurs) in [([], false), (["--no-subreaper"], true)] as [([String], Bool)] {
            let bundle = try Bundle {
                $0.drop(namespace: "pid")
                // The grandchild writes its parent's pid, after its first parent has ended.
                $0.runs(
                    "(sh -c 'sleep 0.1; awk \"/PPid/ {print \\$2}\" /proc/$$/status >/tmp/parent; touch /tmp/done' &); "
                        + "until test -e /tmp/done; do sleep 0.02; done; exit 3")
            }
            let running = try bundle.command("run", options).start()
            #expect(try running.finish().ending == .exited(3))
            #expect(read(bundle.rootfs + "/tmp/parent").trimmed == "\(isOurs ? getpid() : running.pid)", "\(options)")
        }
    }

    @Test func detachedAndKeptIsAStoppedContainerInTheEnd() throws {
        let bundle = try Bundle { $0.runs("exit 3") }
        let finished = try bundle.run(["--detach", "--keep"])
        #expect(finished.succeeded, "\(finished)")
        let container = try Container(of: bundle)
        if container.pid != 0 { #expect(try container.wait() == .exited(3)) }
        #expect(try container.status() == "stopped")
        try container.delete()
    }

    @Test func detachedContainersProcessIsTheCallersChild() throws {
        let bundle = try Bundle { $0.runs("exit 7") }
        #expect(try bundle.run(["--detach", "--pid-file", bundle.path + "/pid"]).succeeded)
        #expect(try reap(try #require(pid_t(read(bundle.path + "/pid")))) == .exited(7))
    }

    // Once run only waits for the program's end, it passes signals on. Before that, a signal ends run, whatever it waits for.
    @Test(
        arguments: ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"],
        [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
    func signalDuringAHookEndsAllOfIt(kind: String, number: Int32) throws {
        let bundle = try Bundle { $0.runs("sleep 1000") }
        let isInside = kind == "startContainer"
        let script = "touch \(isInside ? "" : bundle.rootfs)/tmp/hook; exec sleep 1000"
        bundle.config.hooks[kind] = [
            isInside ? ["path": "/bin/busybox", "args": ["sh", "-c", .string(script)]] : .hook(script)
        ]
        bundle.config.hooks.poststop = [.hook("touch \(bundle.path)/stopped")]
        let running = try bundle.command("run").start()
        try eventually("the hook") { exists(bundle.rootfs + "/tmp/hook") }
        running.signal(number)
        let finished = try running.finish()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(finished.message.says("signal"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        #expect(exists(bundle.path + "/stopped"))
    }
}

/// The terminal on which the caller runs a command.
@Suite("the caller's terminal", .needsRoot, .sandboxed)
struct CallersTerminalTests {
    /// Runs `run` or `exec` on a terminal of its own, and compares the terminal's modes before and after.
    private func modesAreRestored(
        _ kind: ForegroundTests.Kind, _ script: String, meanwhile: (RunningCommand, Terminal, Bundle) throws -> Void
    ) throws -> Ending {
        let (terminal, other) = try Terminal.open()
        let holder = h_open(other, O_RDWR | O_NOCTTY | O_CLOEXEC, 0)
        defer { close(holder) }
        var before = termios()
        #expect(tcgetattr(holder, &before) == 0)
        let bundle = try Bundle { $0.runs(script) }
        var command: Command
        switch kind {
        case .run:
            bundle.config.process.terminal = true
            command = try bundle.command("run")
        case .exec:
            bundle.config.runs(arguments: ["probe", "pause"])
            command = try bundle.start().joining(["sh", "-c", script], options: ["--tty"])
        }
        command.terminal = other
        let running = try command.start()
        try meanwhile(running, terminal, bundle)
        let ending = try running.finish().ending
        var after = termios()
        #expect(tcgetattr(holder, &after) == 0)
        #expect(before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag && before.c_oflag == after.c_oflag)
        return ending
    }

    /// Waits for the program's "ready". By then the caller's terminal is raw.
    private func waitForWord(_ terminal: Terminal) throws { try terminal.wait(for: "ready\n") }

    @Test(arguments: ForegroundTests.Kind.allCases) func isRestoredAtTheEnd(kind: ForegroundTests.Kind) throws {
        let ending = try modesAreRestored(kind, "stty raw -echo; echo ready; exit 4") { _, terminal, _ in
            try waitForWord(terminal)
        }
        #expect(ending == .exited(4))
    }

    @Test(arguments: ForegroundTests.Kind.allCases) func isRestoredWhenTheContainerIsKilled(kind: ForegroundTests.Kind) throws {
        let ending = try modesAreRestored(kind, "echo ready; exec sleep 1000") { _, terminal, bundle in
            try waitForWord(terminal)
            #expect(try bundle.sandbox.runtime("kill", bundle.id, "KILL").succeeded)
        }
        #expect(ending == .exited(128 + SIGKILL))
    }

    @Test(arguments: ForegroundTests.Kind.allCases, [SIGTERM, SIGHUP, SIGINT, SIGQUIT])
    func isRestoredWhenTheRuntimeGetsASignal(kind: ForegroundTests.Kind, number: Int32) throws {
        let ending = try modesAreRestored(
            kind, "trap 'exit 9' TERM HUP INT QUIT; echo ready; while :; do sleep 0.01; done"
        ) { running, terminal, _ in
            try waitForWord(terminal)
            running.signal(number)
        }
        #expect(ending == .exited(9))
    }

    @Test(arguments: ForegroundTests.Kind.allCases) func isRestoredWhenTheProgramCannotBeRun(kind: ForegroundTests.Kind) throws {
        let (terminal, other) = try Terminal.open()
        let holder = h_open(other, O_RDWR | O_NOCTTY | O_CLOEXEC, 0)
        defer { close(holder) }
        var before = termios(), after = termios()
        #expect(tcgetattr(holder, &before) == 0)
        let bundle = try Bundle { $0.runs(arguments: ["/bin/script"]) }
        try write("#!/no/such/interpreter\n", to: bundle.rootfs + "/bin/script", mode: 0o755)
        var command: Command
        switch kind {
        case .run:
            bundle.config.process.terminal = true
            command = try bundle.command("run")
        case .exec:
            bundle.config.runs(arguments: ["probe", "pause"])
            command = try bundle.start().joining(["/bin/script"], options: ["--tty"])
        }
        command.terminal = other
        #expect(try command.run().ending == .exited(kind == .run ? 1 : 255))
        #expect(tcgetattr(holder, &after) == 0)
        #expect(before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag && before.c_oflag == after.c_oflag)
        withExtendedLifetime(terminal) {}
    }

    // If the caller's input is at its end, the program must see the end of its input, and the runtime must not wait for more.
    @Test(arguments: ForegroundTests.Kind.allCases) func hangingUpEndsTheProgramsInput(kind: ForegroundTests.Kind) throws {
        let bundle = try Bundle { $0.runs("echo ready; cat; exit 8") }
        var command: Command
        switch kind {
        case .run:
            bundle.config.process.terminal = true
            command = try bundle.command("run")
        case .exec:
            bundle.config.runs(arguments: ["probe", "pause"])
            command = try bundle.start().joining(["sh", "-c", "echo ready; cat; exit 8"], options: ["--tty"])
        }
        // The caller has no terminal, but /dev/null as standard input, which ends at once.
        let finished = try command.run()
        #expect(finished.ending == .exited(8), "\(finished)")
        #expect(finished.output.hasPrefix("ready\n"), "\(finished)")
    }
}
