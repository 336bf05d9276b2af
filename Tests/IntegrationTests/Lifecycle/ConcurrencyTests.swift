import CHarness
import Testing

@Suite("at once", .needsRoot, .sandboxed)
struct ConcurrencyTests {
    @Test func exactlyOneOfManyCreatesWins() throws {
        let count = 64
        let bundle = try Bundle { $0.runs("echo ran; sleep 1000") }
        let command = try bundle.command("create")
        let creates = try (0..<count).map { _ in try command.start() }
        let finished = try creates.map { try $0.finish(within: 4 * Command.deadline) }
        let winners = finished.filter(\.succeeded)
        #expect(winners.count == 1)
        for loser in finished where !loser.succeeded {
            #expect(loser.ending == .exited(1))
            #expect(loser.errors.says("container with given ID already exists"), "\(loser)")
        }
        let container = try Container(of: bundle, winners.first)
        #expect(try container.status() == "created")
        #expect(Cgroup.processes(bundle.cgroup) == [container.pid])
        try container.start()
        try container.waitFor("ran\n")
    }

    @Test func deleteAndKillAndStartLeaveNothingWhoeverIsFirst() throws {
        for _ in 0..<10 {
            let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
            let container = try bundle.create()
            let commands = [
                ["start", bundle.id], ["kill", bundle.id, "KILL"], ["delete", "--force", bundle.id], ["delete", bundle.id],
            ]
            let running = try commands.map { try bundle.sandbox.command($0).start() }
            for command in running { _ = try command.finish() }
            #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
            #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
            _ = try container.wait()
        }
    }

    @Test func everyoneOfManyForcedDeletesSucceeds() throws {
        for _ in 0..<5 {
            let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
            let delete = container.bundle.sandbox.command(["delete", "--force", container.id])
            let finished = try (0..<8).map { _ in try delete.start() }.map { try $0.finish() }
            #expect(finished.allSatisfy { $0.succeeded && $0.errors.isEmpty }, "\(finished)")
            #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
        }
    }

    @Test func listAndStateStandCreatesAndDeletesBesideThem() throws {
        let sandbox = try Sandbox.current
        let steady = try Bundle().create()
        for _ in 0..<10 {
            let bundle = try Bundle()
            let running = try [
                bundle.command("create"), sandbox.command(["list", "--format", "json"]), sandbox.command(["state", steady.id]),
            ].map {
                try $0.start()
            }
            let finished = try running.map { try $0.finish() }
            #expect(finished.allSatisfy { $0.succeeded }, "\(finished)")
            #expect(try JSONParser.parse(finished[1].output).elements.contains { $0.id == .string(steady.id) })
            let others = [sandbox.command(["list", "--format", "json"]), sandbox.command(["delete", "--force", bundle.id])]
            let done = try others.map { try $0.start() }.map { try $0.finish() }
            #expect(done.allSatisfy { $0.succeeded }, "\(done)")
            #expect(try JSONParser.parse(done[0].output).elements.contains { $0.id == .string(steady.id) })
        }
    }
}
