import CHarness
import Testing

@Suite("kill", .needsRoot, .sandboxed)
struct KillTests {
    /// A script that writes the name of each signal that it gets, and exits on TERM.
    private static let listener = """
        trap 'echo got USR1' USR1; trap 'echo got HUP' HUP; trap 'echo got TERM; exit 7' TERM
        echo ready; while :; do sleep 0.01; done
        """

    private func listening() throws -> Container {
        let container = try Bundle { $0.runs(Self.listener) }.start()
        try container.waitFor("ready")
        return container
    }

    @Test func sendsTermUnlessToldOtherwise() throws {
        let container = try listening()
        try container.kill()
        #expect(try container.wait() == .exited(7))
        #expect(container.output.contains("got TERM"))
    }

    @Test(arguments: ["USR1", "SIGUSR1", "10", "usr1"]) func takesNamesAndNumbers(signal: String) throws {
        let container = try listening()
        try container.kill(signal)
        try container.waitFor("got USR1")
        #expect(try container.status() == "running")
    }

    @Test func takesRealtimeSignalsByNumber() throws {
        let container = try Bundle { $0.runs(arguments: ["probe", "await-signal", "37"]) }.start()
        try container.waitFor("ready")
        try container.kill("37")
        #expect(try container.wait() == .exited(0))
        #expect(container.output.contains("got 37"))
    }

    @Test(arguments: ["NOSUCH", "SIG", "0x9", "9 ", "KILL "]) func refusesUnknownSignals(signal: String) throws {
        let container = try listening()
        let finished = try container.bundle.sandbox.runtime("kill", container.id, signal)
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("unknown signal"), "\(finished)")
        #expect(try container.status() == "running")
    }

    @Test func takesASignalThatLooksLikeAnOption() throws {
        let container = try listening()
        #expect(try container.bundle.sandbox.runtime("kill", container.id, "-9").succeeded)
        #expect(try container.wait() == .killed(by: SIGKILL))
    }

    @Test func endsACreatedContainer() throws {
        let container = try Bundle { $0.runs("echo never") }.create()
        try container.kill("KILL")
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try container.status() == "stopped")
        #expect(container.output.isEmpty)
    }

    @Test func refusesAStoppedContainer() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusal(of: "kill").says("container not running"))
        #expect(try container.status() == "stopped")
    }

    // A hook that hangs makes time for the question.
    @Test(arguments: [[], ["--all"]]) func refusesAContainerThatIsBeingCreated(options: [String]) throws {
        let bundle = try Bundle {
            $0.hooks.createContainer = [["path": .string(Workspace.probe), "args": ["probe", "pause"]]]
        }
        let create = try bundle.command("create").start()
        try eventually("the container's first process") { !Cgroup.processes(bundle.cgroup).isEmpty }
        let killed = try bundle.sandbox.command(["kill"] + options + [bundle.id, "KILL"]).run()
        #expect(killed.ending == .exited(1))
        #expect(killed.errors.says("cannot kill a container that is being created"))
        #expect(!Cgroup.processes(bundle.cgroup).isEmpty)
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        _ = try create.finish()
    }

    @Test func refusesAZombie() throws {
        let container = try Bundle().start()
        try container.waitUntilZombie()
        #expect(try container.refusal(of: "kill").says("container not running"))
    }

    @Test func allOfAStoppedContainerIsNoError() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.bundle.sandbox.runtime("kill", "--all", container.id, "KILL").succeeded)
    }

    @Test func allReachesEveryProcessOfASharedPidNamespace() throws { try expectEndOfAll("--all") }

    // There the end of the first process ends no other one, and without it nothing would end them before `delete`.
    @Test func endsEveryProcessOfASharedPidNamespaceByKILL() throws { try expectEndOfAll() }

    /// Kills a container that has three processes and no pid namespace of its own.
    private func expectEndOfAll(_ options: String...) throws {
        let container = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs("sleep 1000 & sleep 1000 & echo ready; wait")
        }.start()
        try container.waitFor("ready")
        #expect(Cgroup.processes(container.bundle.cgroup).count == 3)
        let killed = try container.bundle.sandbox.command(["kill"] + options + [container.id, "KILL"]).run()
        #expect(killed.succeeded, "\(killed)")
        #expect(try container.wait() == .killed(by: SIGKILL))
        try eventually("an empty cgroup") {
            Cgroup.processes(container.bundle.cgroup).allSatisfy { waitpid($0, nil, WNOHANG) != 0 }
        }
    }

    // As for a user who can't make cgroups: the record has a path for the cgroup, but no hierarchy.
    @Test(arguments: [[], ["--all"]], [true, false]) func endsAContainerWithoutACgroup(
        options: [String], hasPIDNamespace: Bool
    ) throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["sleep", "1000"])
            if !hasPIDNamespace { $0.drop(namespace: "pid") }
        }
        var create = try bundle.command("create", global: ["--rootless", "true"])
        create.wrap(in: "mount -t tmpfs none /sys/fs/cgroup")
        create.arguments = ["unshare", "--mount"] + create.arguments
        let created = try create.run()
        #expect(created.succeeded, "\(created)")
        let container = try Container(of: bundle, created)
        try container.start()
        #expect(!Cgroup.processes(bundle.cgroup).contains(container.pid))
        let killed = try bundle.sandbox.command(["kill"] + options + [bundle.id, "KILL"]).run()
        #expect(killed.succeeded, "\(killed)")
        // kill --all reaches only the first process here. It must warn, unless the end of that process ends the others.
        #expect(killed.errors.isEmpty == (options.isEmpty || hasPIDNamespace), "\(killed)")
        #expect(try container.wait() == .killed(by: SIGKILL))
    }

    @Test func refusesAnUnknownID() throws {
        let finished = try Sandbox.current.runtime("kill", "unknown", "KILL")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
    }

    @Test func refusesWithoutAnID() throws {
        #expect(try Sandbox.current.runtime("kill").ending == .exited(1))
    }
}
