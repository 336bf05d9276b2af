import CHarness
import Testing

@Suite("run", .needsRoot, .sandboxed)
struct RunTests {
    @Test(arguments: [0, 1, 7, 255]) func endsWithTheStatusOfTheProcess(status: Int32) throws {
        let finished = try Bundle { $0.runs("exit \(status)") }.run()
        #expect(finished.ending == .exited(status))
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV]) func endsWith128AndTheSignalThatEndedTheProcess(signal: Int32) throws {
        // The first process of a pid namespace would get only SIGKILL.
        let container = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs("echo ready; sleep 1000")
        }
        let running = try container.command("run").start()
        try eventually("the container's output") { running.output.text == "ready\n" }
        let pid = try JSONParser.parse(try container.sandbox.runtime("state", container.id).output).pid.integer
        kill(pid_t(try #require(pid)), signal)
        #expect(try running.finish().ending == .exited(128 + signal))
    }

    @Test func handsOnStandardInputOutputAndError() throws {
        let bundle = try Bundle { $0.runs("cat; echo wrong >&2") }
        try write("typed\n", to: bundle.path + "/input")
        let input = h_open(bundle.path + "/input", O_RDONLY | O_CLOEXEC, 0)
        defer { close(input) }
        let finished = try bundle.run { $0.descriptors = [0: input] }
        #expect(finished.succeeded)
        #expect(finished.output == "typed\n")
        #expect(finished.errors == "wrong\n")
    }

    @Test func leavesNothing() throws {
        let bundle = try Bundle()
        #expect(try bundle.run().succeeded)
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        #expect(try bundle.sandbox.runtime("state", bundle.id).errors.says("container does not exist"))
    }

    @Test func keepLeavesAStoppedContainer() throws {
        let bundle = try Bundle { $0.runs("exit 3") }
        #expect(try bundle.run(["--keep"]).ending == .exited(3))
        #expect(try Container(of: bundle).status() == "stopped")
    }

    @Test(arguments: ["--detach", "-d"]) func detachedReturnsWhileTheContainerRuns(option: String) throws {
        let bundle = try Bundle { $0.runs("echo ready; sleep 1000") }
        let finished = try bundle.run([option, "--pid-file", bundle.path + "/pid"])
        #expect(finished.succeeded)
        let container = try Container(of: bundle, finished)
        #expect(try container.status() == "running")
        #expect(read(bundle.path + "/pid") == String(container.pid))
        try container.waitFor("ready\n")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]) func handsSignalsOnToTheProcess(signal: Int32) throws {
        let bundle = try Bundle { $0.runs("trap 'exit 9' TERM INT HUP USR1; echo ready; while :; do sleep 0.01; done") }
        let running = try bundle.command("run").start()
        try eventually("the container's output") { running.output.text == "ready\n" }
        running.signal(signal)
        #expect(try running.finish().ending == .exited(9))
    }

    @Test func refusesAnIDThatIsTaken() throws {
        let container = try Bundle().create()
        let finished = try container.bundle.run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container with given ID already exists"))
        #expect(try container.status() == "created")
    }

    @Test func reapsOrphansOfTheContainer() throws {
        // Without a pid namespace, the orphaned grandchild goes to the nearest subreaper: the runtime, while it waits.
        let finished = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs("(sleep 0.05 & ) ; sleep 0.2; exit 4")
        }.run()
        #expect(finished.ending == .exited(4))
    }
}
