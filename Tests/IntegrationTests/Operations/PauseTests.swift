import CHarness
import Testing

@Suite("pause and resume", .needsRoot, .sandboxed, .needs(controller: Host.isUnified ? "pids" : "freezer"))
struct PauseTests {
    /// Starts a container that counts in a file of its root.
    private func counting() throws -> Container {
        let bundle = try Bundle { $0.runs("i=0; while :; do i=$((i+1)); echo $i >/tmp/count; done") }
        let container = try bundle.start()
        try eventually("a count") { !count(of: container).isEmpty }
        return container
    }

    private func count(of container: Container) -> String { read(container.bundle.rootfs + "/tmp/count") }

    private func isCounting(_ container: Container) -> Bool {
        let before = count(of: container)
        for _ in 0..<40 {
            usleep(5000)
            if count(of: container) != before { return true }
        }
        return false
    }

    private func pause(_ container: Container) throws {
        let paused = try container.bundle.sandbox.runtime("pause", container.id)
        #expect(paused.succeeded, "\(paused)")
    }

    @Test func stopsTheProcessesUntilResumed() throws {
        let container = try counting()
        try pause(container)
        #expect(try container.status() == "paused")
        #expect(!isCounting(container))
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        #expect(try container.status() == "running")
        #expect(isCounting(container))
    }

    @Test func leavesAWaitingContainerAbleToStart() throws {
        let container = try Bundle { $0.runs("echo started") }.create()
        try pause(container)
        #expect(try container.status() == "paused")
        #expect(try container.refusal(of: "start").says("cannot start a container that is paused"))
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        #expect(try container.status() == "created")
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "started\n")
    }

    @Test func refusesASecondPauseAndASecondResume() throws {
        let container = try counting()
        #expect(try container.refusal(of: "resume").says("container not paused"))
        try pause(container)
        #expect(try container.refusal(of: "pause").says("container not running"))
        #expect(try container.status() == "paused")
    }

    @Test func refuseAStoppedContainer() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusal(of: "pause").says("container not running"))
        #expect(try container.refusal(of: "resume").says("container not paused"))
    }

    @Test func refuseAContainerThatDoesNotExist() throws {
        for command in ["pause", "resume"] {
            let finished = try Sandbox.current.runtime(command, "nosuch")
            #expect(finished.ending == .exited(1))
            #expect(finished.errors.says("container does not exist"))
        }
    }

    @Test(arguments: [[], ["--all"]]) func killEndsAPausedContainer(options: [String]) throws {
        let container = try counting()
        try pause(container)
        #expect(try container.bundle.sandbox.command(["kill"] + options + [container.id, "KILL"]).run().succeeded)
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try container.status() == "stopped")
    }

    @Test func otherSignalsWaitForTheResume() throws {
        let container = try Bundle { $0.runs("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done") }.start()
        try container.waitFor("ready")
        try pause(container)
        try container.kill("TERM")
        usleep(50_000)
        #expect(try container.status() == "paused")
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        #expect(try container.wait() == .exited(7))
    }

    @Test func deleteTakesForceForAPausedContainer() throws {
        let container = try counting()
        try pause(container)
        #expect(try container.refusal(of: "delete").says("that is not stopped: paused"))
        try container.delete("--force")
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }
}
