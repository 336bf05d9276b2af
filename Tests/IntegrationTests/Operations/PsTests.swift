import CHarness
import Testing

@Suite("ps", .needsRoot, .sandboxed)
struct PsTests {
    /// Starts a container with two processes: a shell, and the sleep that the shell has started.
    private func two() throws -> Container {
        let container = try Bundle { $0.runs("sleep 1000 & echo ready; wait") }.start()
        try container.waitFor("ready")
        // The forked process may not have executed sleep yet.
        try eventually("a sleep") {
            Cgroup.processes(container.bundle.cgroup).contains { read("/proc/\($0)/comm").trimmed == "sleep" }
        }
        return container
    }

    private func ps(_ arguments: String...) throws -> String {
        let finished = try Sandbox.current.command(["ps"] + arguments).run()
        #expect(finished.succeeded, "\(finished)")
        return finished.output
    }

    private func pids(_ container: Container) -> [Int] { Cgroup.processes(container.bundle.cgroup).map(Int.init).sorted() }

    @Test(arguments: [["--format", "json"], ["--format=json"], ["-f", "json"]]) func listsPidsAsJSON(options: [String]) throws {
        let container = try two()
        let output = try Sandbox.current.command(["ps"] + options + [container.id]).run().output
        #expect(output == "[" + pids(container).map(String.init).joined(separator: ",") + "]\n")
    }

    @Test func showsWhatTheHostsPsSaysOfThem() throws {
        let container = try two()
        let lines = try ps(container.id).lines.map(\.words)
        #expect(lines.first == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"])
        #expect(lines.dropFirst().compactMap { Int($0[1]) }.sorted() == pids(container))
        #expect(lines.dropFirst().contains { $0.suffix(2) == ["sleep", "1000"] })
    }

    @Test(arguments: [["-o", "args,pid"], ["-eo", "pid,args"], ["--format", "table"], ["aux"], ["-eLf"]])
    func givesPsItsOptions(options: [String]) throws {
        let container = try two()
        let isOurs = options[0] == "--format"
        let arguments = isOurs ? options + [container.id] : [container.id] + (options[0] == "-o" ? ["-e"] : []) + options
        let lines = try Sandbox.current.command(["ps"] + arguments).run().output.lines
        #expect(lines.count == 3, "\(lines)")
        #expect(lines.contains { $0.contains("sleep 1000") })
        for pid in pids(container) { #expect(lines.contains { $0.words.contains("\(pid)") }) }
    }

    @Test func needsTheColumnPID() throws {
        let container = try two()
        let finished = try Sandbox.current.runtime("ps", container.id, "-e", "-o", "comm")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("no column PID"))
    }

    @Test func saysWhatPsComplains() throws {
        let container = try two()
        let finished = try Sandbox.current.runtime("ps", container.id, "--nonsense")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("ps failed with exit status 1: error:"))
    }

    @Test func isNotLedAstrayByThePath() throws {
        let container = try two()
        var command = try Sandbox.current.command(["ps", container.id])
        command.environment = ["PATH=/nonexistent"]
        #expect(try command.run().output.lines.count == 3)
    }

    @Test func ofACreatedContainerIsItsFirstProcess() throws {
        let container = try Bundle().create()
        #expect(try ps("--format", "json", container.id) == "[\(container.pid)]\n")
    }

    @Test func ofAStoppedContainerIsEmpty() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try ps("--format", "json", container.id) == "null\n")
        #expect(try ps(container.id).lines.count == 1)
    }

    @Test func refusesAContainerThatDoesNotExist() throws {
        let finished = try Sandbox.current.runtime("ps", "nosuch")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
    }
}
