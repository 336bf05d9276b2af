import CHarness
import Testing

@Suite("events", .needsRoot, .sandboxed)
struct EventsTests {
    private func running(_ script: String = "echo ready; sleep 1000", _ resources: JSON = .null) throws -> Container {
        let container = try Bundle {
            $0.linux.resources = resources
            $0.runs(script)
        }.start()
        try container.waitFor("ready")
        return container
    }

    private func events(_ container: Container, _ options: String...) throws -> RunningCommand {
        let command = try container.bundle.sandbox.command(["events"] + options + [container.id]).start()
        container.bundle.sandbox.keep(command)
        return command
    }

    /// The complete lines so far, without one that is still being written.
    private func lines(_ command: RunningCommand) throws -> [JSON] {
        let text = command.output.text
        let whole = text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return try whole.split(separator: "\n").map { try JSONParser.parse(String($0)) }
    }

    @Test(.needs(controller: "memory"), .needs(controller: "pids")) func showsOnceWhatWasUsed() throws {
        let container = try running("x=$(dd if=/dev/zero bs=1M count=4 2>/dev/null | od -v | wc -c); echo ready; sleep 1000")
        let finished = try events(container, "--stats").finish()
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.output.lines.count == 1)
        let event = try JSONParser.parse(finished.output)
        #expect(event.type == "stats")
        #expect(event.id == .string(container.id))
        #expect(event.memberNames == ["type", "id", "data"])
        let parts: Set = ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"]
        #expect(event.data.memberNames == parts)
        #expect(event.data.cpu.usage.total.integer ?? 0 > 1_000_000)
        #expect(event.data.memory.usage.usage.integer ?? 0 > 4096)
        #expect(event.data.pids.current == .number(Cgroup.processes(container.bundle.cgroup).count))
    }

    @Test(arguments: ["50ms", "0.05s"]) func showsItAgainAtEveryInterval(interval: String) throws {
        let container = try running()
        let command = try events(container, "--interval", interval)
        try eventually("three reports") { try lines(command).count >= 3 }
        #expect(try lines(command).allSatisfy { $0.type == "stats" && $0.id == .string(container.id) })
    }

    @Test func endsWithTheContainer() throws {
        let container = try running()
        let command = try events(container, "--interval", "1h")
        usleep(50_000)
        try container.kill("KILL")
        _ = try container.wait()
        #expect(try command.finish().ending == .exited(0))
    }

    @Test(.needs(controller: "memory")) func tellsWhenTheMemoryIsFull() throws {
        // tail stores a line that never ends. The kernel kills it again and again, while the shell lives on.
        let script = "echo ready; while :; do sleep 0.05; tail /dev/zero; done"
        let container = try running(script, ["memory": ["limit": 16_777_216, "swap": 16_777_216]])
        let command = try events(container, "--interval", "1h")
        try eventually("an event") { try !lines(command).isEmpty }
        #expect(try lines(command)[0] == ["type": "oom", "id": .string(container.id)])
        #expect(try container.status() == "running")
    }

    @Test(arguments: ["0", "0s", "-1s", "5", "soon"]) func refusesOtherIntervals(interval: String) throws {
        #expect(try running().refusal(of: "events", "--interval", interval).says("takes a duration"))
    }

    @Test func refusesAStoppedContainer() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusal(of: "events", "--stats").says("container with id \(container.id) is not running"))
        #expect(try container.refusal(of: "events").says("container with id \(container.id) is not running"))
    }
}
