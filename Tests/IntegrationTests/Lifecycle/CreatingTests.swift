import CHarness
import Testing

/// A container whose `create` is under way, and holds the container's lock.
@Suite("a container that is being created", .needsRoot, .sandboxed)
struct CreatingTests {
    /// Begins a create that waits in a hook until `expectCreated`.
    private func creating() throws -> (Bundle, RunningCommand) {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        bundle.config.hooks.createRuntime = [
            .hook("cd \(bundle.path); touch hooked; until test -e go; do sleep 0.01; done")
        ]
        let create = try bundle.command("create").start()
        try eventually("the hook runs") { exists(bundle.path + "/hooked") }
        return (bundle, create)
    }

    /// Lets the create end, which nothing may have disturbed.
    private func expectCreated(_ bundle: Bundle, _ create: RunningCommand) throws {
        try write("", to: bundle.path + "/go")
        let finished = try create.finish()
        #expect(finished.succeeded, "\(finished)")
        #expect(try Container(of: bundle, finished).status() == "created")
    }

    @Test func stateAndListSayIt() throws {
        let (bundle, create) = try creating()
        let state = try JSONParser.parse(bundle.sandbox.runtime("state", bundle.id).output)
        #expect(state.status == "creating" && state.pid.integer ?? 0 > 0, "\(state)")
        let listed = try JSONParser.parse(bundle.sandbox.runtime("list", "--format", "json").output).elements
        #expect(listed.map(\.id) == [.string(bundle.id)] && listed.map(\.status) == ["creating"], "\(listed)")
        try expectCreated(bundle, create)
    }

    @Test func execIsRefused() throws {
        let (bundle, create) = try creating()
        let finished = try bundle.sandbox.runtime("exec", bundle.id, "true")
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(finished.message.says("cannot exec in a container that is being created"))
        try expectCreated(bundle, create)
    }

    @Test func eventsAreRefused() throws {
        let (bundle, create) = try creating()
        let finished = try bundle.sandbox.runtime("events", "--stats", bundle.id)
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(finished.message.says("container with id \(bundle.id) is not running"))
        try expectCreated(bundle, create)
    }

    @Test func startWaitsForTheEndOfTheCreate() throws {
        let (bundle, create) = try creating()
        let start = try bundle.sandbox.command(["start", bundle.id]).start()
        usleep(500_000)
        #expect(!start.hasEnded, "\(start.errors.text)")
        try write("", to: bundle.path + "/go")
        #expect(try create.finish().succeeded)
        #expect(try start.finish().succeeded)
        #expect(try Container(of: bundle).status() == "running")
    }

    // Each of them waits for 10 seconds.
    @Test func changesAreRefused() throws {
        let (bundle, create) = try creating()
        let changes = [["start"], ["pause"], ["resume"], ["update", "--pids-limit", "5"], ["delete"]]
        let running = try changes.map { try bundle.sandbox.command($0 + [bundle.id]).start() }
        for command in running {
            let finished = try command.finish()
            #expect(finished.ending == .exited(1), "\(finished)")
            #expect(
                finished.message.says("another operation on container \"\(bundle.id)\" has been under way for 10 seconds"))
        }
        try expectCreated(bundle, create)
    }

    // A create that is killed before it has made a process leaves its record. Later commands hold the lock themselves, and
    // mustn't take that for a create under way.
    @Test func oneWhoseCreateWasKilledIsStopped() throws {
        let bundle = try Bundle()
        try breakOff(bundle)
        let state = try JSONParser.parse(bundle.sandbox.runtime("state", bundle.id).output)
        #expect(state.status == "stopped" && state.pid == 0, "\(state)")
        let started = try bundle.sandbox.runtime("start", bundle.id)
        #expect(started.message.says("cannot start a container that has stopped"))
        let deleted = try bundle.sandbox.runtime("delete", bundle.id)
        #expect(deleted.succeeded, "\(deleted)")
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // The record names the cgroup before `create` has looked whether others are in it.
    @Test func killOfAllLeavesOthersInTheCgroupOfAKilledCreate() throws {
        let bundle = try Bundle()
        try breakOff(bundle)
        for directory in Cgroup.directories("") where !exists(directory + bundle.cgroup) {
            try makeDirectory(directory + bundle.cgroup)
        }
        let other = try Command([Workspace.busybox, "sleep", "1000"]).start()
        // A new cpuset of version 1 takes no processes yet.
        let entered = Cgroup.directories(bundle.cgroup).filter {
            (try? write("\(other.pid)", to: $0 + "/cgroup.procs")) != nil
        }
        try #require(!entered.isEmpty)
        let killed = try bundle.sandbox.runtime("kill", "--all", bundle.id, "KILL")
        #expect(killed.succeeded, "\(killed)")
        usleep(100_000)
        #expect(!other.hasEnded)
        other.signal(SIGKILL)
        _ = try other.finish()
    }

    /// Kills a create at its first system call after the container's record is written.
    private func breakOff(_ bundle: Bundle) throws {
        let directory = bundle.sandbox.root + "/" + bundle.id
        for call in 1...1000 {
            var create = try bundle.command("create")
            create.arguments = [Workspace.probe, "inject", "kill", String(call)] + create.arguments
            _ = try create.run()
            if exists(directory + "/state.json") { return }
            if exists(directory) { #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded) }
        }
        throw HarnessFailure("create writes no record")
    }
}
