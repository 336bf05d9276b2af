import CHarness
import Testing

@Suite("start", .needsRoot, .sandboxed)
struct StartTests {
    @Test func makesACreatedContainerRun() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.create()
        try container.start()
        #expect(try container.status() == "running")
        #expect(read("/proc/\(container.pid)/cmdline") == "sleep\u{0}1000\u{0}")
    }

    @Test func refusesARunningContainer() throws {
        let container = try Bundle { $0.runs("echo once; sleep 1000") }.start()
        #expect(try container.refusal(of: "start").says("cannot start an already running container"))
        #expect(try container.status() == "running")
        try container.waitFor("once\n")
        #expect(container.output == "once\n")
    }

    @Test func refusesAStoppedContainer() throws {
        let container = try Bundle { $0.runs("echo once") }.start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusal(of: "start").says("cannot start a container that has stopped"))
        #expect(try container.status() == "stopped")
        #expect(container.output == "once\n")
    }

    @Test func refusesAnUnknownID() throws {
        let finished = try Sandbox.current.runtime("start", "unknown")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
    }

    @Test func refusesWithoutAnID() throws {
        #expect(try Sandbox.current.runtime("start").ending == .exited(1))
    }

    @Test func tellsWhyTheProgramCannotBeExecuted() throws {
        let bundle = try Bundle { $0.runs(arguments: ["/tmp/script"]) }
        try write("#!/no/such/interpreter\n", to: bundle.rootfs + "/tmp/script", mode: 0o755)
        let container = try bundle.create()
        #expect(try container.refusal(of: "start").says("no such file or directory"))
        let state = try bundle.sandbox.runtime("state", bundle.id)
        #expect(!state.succeeded || state.output.contains("\"stopped\""))
    }

    @Test func tellsThatTheProgramIsForAnotherMachine() throws {
        let bundle = try Bundle { $0.runs(arguments: ["/tmp/program"]) }
        // An ELF header for a machine that doesn't exist.
        try write(
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xFF, 0xFE], to: bundle.rootfs + "/tmp/program",
            mode: 0o755)
        let container = try bundle.create()
        #expect(try container.refusal(of: "start").says("exec format error"))
    }

    @Test func severalAtOnceStartItOnce() throws {
        let count = 8
        let container = try Bundle { $0.runs("echo once; sleep 1000") }.create()
        let starts = try (0..<count).map { _ in try container.bundle.sandbox.command(["start", container.id]).start() }
        let endings = try starts.map { try $0.finish().ending }
        #expect(endings.filter { $0 == .exited(0) }.count == 1)
        #expect(endings.filter { $0 == .exited(1) }.count == count - 1)
        try container.waitFor("once\n")
        #expect(container.output == "once\n")
    }

    // While the hook runs, the container still waits for a start: only the lock keeps the others from it. One that fails after
    // it has reached the container would delete it.
    @Test func othersAtTheSameTimeLeaveItRunning() throws {
        let container = try Bundle {
            $0.runs(arguments: ["sleep", "1000"])
            $0.hooks.startContainer = [["path": "/bin/sleep", "args": ["sleep", "0.5"]]]
        }.create()
        let starts = try (0..<4).map { _ in try container.bundle.sandbox.command(["start", container.id]).start() }
        let finished = try starts.map { try $0.finish() }
        #expect(finished.filter(\.succeeded).count == 1, "\(finished)")
        for loser in finished where !loser.succeeded {
            #expect(loser.message.says("cannot start an already running container"))
        }
        #expect(try container.status() == "running")
    }
}
