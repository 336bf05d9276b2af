import CHarness
import Testing

/// Exit statuses and messages of all commands, as engines read them (docs/errors.md).
@Suite("statuses and texts", .needsRoot, .sandboxed)
struct StatusTests {
    /// Runs a command that must fail. Checks that stderr has the message of the log's only entry, and returns this entry.
    private func failure(_ arguments: [String], in directory: String? = nil, of id: String) throws -> (
        ending: Ending, entry: JSON
    ) {
        let sandbox = try Sandbox.current
        let log = sandbox.directory + "/log-\(UInt32.random(in: .min ... .max))"
        var command = sandbox.command(arguments + [id], global: ["--log", log, "--log-format=json"])
        command.directory = directory
        let finished = try command.run()
        #expect(finished.output.isEmpty, "\(finished)")
        let entries = try read(log).lines.map { try JSONParser.parse($0) }
        #expect(entries.count == 1, "\(entries) \(finished)")
        let entry = entries.first ?? .null
        #expect(entry.level == "error")
        #expect(finished.errors.contains(entry.msg.text ?? "no message"), "\(finished)")
        return (finished.ending, entry)
    }

    @Test(arguments: [
        ["start"], ["state"], ["kill"], ["delete"], ["pause"], ["resume"], ["ps"], ["ps", "--format", "json"],
        ["events", "--stats"],
        ["update", "--pids-limit", "5"], ["kill", "--all"], ["exec"], ["checkpoint"],
    ])
    func commandsOnWhatDoesNotExistSaySo(arguments: [String]) throws {
        let (ending, entry) = try failure(arguments, of: "no-such-container")
        #expect(ending == .exited(arguments == ["exec"] ? 255 : 1))
        #expect(entry.msg.text?.hasSuffix("container does not exist") == true, "\(entry)")
        #expect(entry.code == "container-not-found")
    }

    @Test(arguments: [
        (["kill"], "container not running"), (["pause"], "container not running"), (["resume"], "container not paused"),
        (["update", "--pids-limit", "5"], "container not running"), (["events"], "container with id c1 is not running"),
        (["events", "--stats"], "container with id c1 is not running"), (["start"], "cannot start a container that has stopped"),
        (["exec"], "exec failed: cannot exec in a stopped container"),
        (["checkpoint"], "container cannot be checkpointed in stopped state"),
    ])
    func commandsOnAStoppedContainerSaySo(arguments: [String], text: String) throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        let (ending, entry) = try failure(arguments, of: container.id)
        #expect(ending == .exited(arguments == ["exec"] ? 255 : 1))
        #expect(entry.msg.text?.says(text) == true)
        #expect(try container.status() == "stopped")
    }

    @Test(arguments: [
        (["start"], "cannot start an already running container"),
        (["delete"], "cannot delete container c1 that is not stopped: running"),
        (["resume"], "container not paused"), (["create"], "container with given ID already exists"),
        (["run"], "container with given ID already exists"),
    ])
    func commandsOnARunningContainerSaySo(arguments: [String], text: String) throws {
        let container = try resting()
        let (ending, entry) = try failure(arguments, in: container.bundle.path, of: container.id)
        #expect(ending == .exited(1))
        #expect(entry.msg.text?.says(text) == true)
        #expect(try container.status() == "running")
    }

    @Test(arguments: [["kill", "--all"], ["ps", "--format", "json"], ["ps"], ["delete"], ["delete", "--force"], ["state"]])
    func commandsThatAreAllowedOnAStoppedContainerEndWith0(arguments: [String]) throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        let finished = try Sandbox.current.command(arguments + [container.id]).run()
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.errors.isEmpty, "\(finished)")
    }

    // docker derives the statuses 127 and 126 from these words. The pointer is for people.
    @Test(
        arguments: ["create", "run"],
        [
            (
                "no-such-program",
                "unable to start container process: exec: \"no-such-program\": executable file not found in $PATH"
            ),
            ("/no/such", "unable to start container process: exec: \"/no/such\": stat /no/such: no such file or directory"),
            ("/etc", "unable to start container process: exec: \"/etc\": permission denied"),
        ])
    func programThatCannotBeRunIsTold(command: String, program: (name: String, text: String)) throws {
        let bundle = try Bundle { $0.runs(arguments: [program.name]) }
        try bundle.writeConfig()
        let (ending, entry) = try failure([command], in: bundle.path, of: bundle.id)
        #expect(ending == .exited(1))
        #expect(entry.msg.text?.says("\(command) failed: ") == true)
        #expect(entry.msg.text?.says(program.text) == true)
        #expect(entry.pointer == "/process/args/0")
        #expect(entry.code == "program")
    }

    @Test(.needs(controller: "memory"), arguments: ["create", "run"]) func memoryLimitThatIsTooLowIsTold(command: String) throws {
        let bundle = try Bundle { $0.linux.resources.memory = ["limit": 16384, "swap": 16384] }
        try bundle.writeConfig()
        let (ending, entry) = try failure([command], in: bundle.path, of: bundle.id)
        #expect(ending == .exited(1))
        #expect(entry.msg.text?.says("container init was OOM-killed (memory limit too low?)") == true, "\(entry)")
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test(arguments: [
        "create", "start", "state", "kill", "delete", "pause", "resume", "ps", "events", "update", "exec", "run", "checkpoint",
        "restore",
    ])
    func wrongUseEndsWith1(command: String) throws {
        for arguments in [[command, "--no-such-option", "c1"], [command], [command, ""]] {
            let finished = try Sandbox.current.command(arguments).run()
            #expect(finished.ending == .exited(command == "exec" ? 255 : 1), "\(finished)")
            #expect(!finished.errors.isEmpty && finished.output.isEmpty, "\(finished)")
        }
    }

    @Test(arguments: ["list", "features", "--version", "help"]) func commandsWithoutAContainerEndWith0(command: String) throws {
        let finished = try Sandbox.current.command([command]).run()
        #expect(finished.succeeded && finished.errors.isEmpty, "\(finished)")
    }
}
