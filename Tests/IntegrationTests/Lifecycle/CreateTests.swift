import CHarness
import Testing

@Suite("create", .needsRoot, .sandboxed)
struct CreateTests {
    @Test func runsNothingBeforeStart() throws {
        let container = try Bundle { $0.runs("echo ran") }.create()
        #expect(try container.status() == "created")
        #expect(container.output.isEmpty)
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "ran\n")
    }

    @Test func refusesAnIDThatIsTaken() throws {
        let container = try Bundle().create()
        let again = try container.bundle.command("create").run()
        #expect(again.ending == .exited(1))
        #expect(again.errors.says("container with given ID already exists"))
        #expect(try container.status() == "created")
        #expect(try container.state().pid == .number(Int(container.pid)))
    }

    @Test func refusesWithoutAnID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        #expect(try bundle.sandbox.runtime("create", "--bundle", bundle.path).ending == .exited(1))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
    }

    @Test func refusesABundleThatIsNotThere() throws {
        let sandbox = try Sandbox.current
        let finished = try sandbox.runtime("create", "--bundle", sandbox.directory + "/nowhere", "c1")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("no such file or directory") || finished.errors.says("doesn't exist"))
        #expect(sandbox.leftovers(of: "c1") == nil)
    }

    @Test func takesTheCurrentDirectoryForTheBundle() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        var command = bundle.sandbox.command(["create", bundle.id])
        command.directory = bundle.path
        #expect(try command.run().succeeded)
        #expect(try Container(of: bundle).state().bundle == .string(bundle.path))
    }

    @Test func takesOptionsAfterTheID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        #expect(try bundle.sandbox.runtime("create", bundle.id, "--bundle", bundle.path).succeeded)
    }

    @Test func givesTheAbsolutePathOfARelativeBundle() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        var command = bundle.sandbox.command(["create", "-b", "bundle1/../bundle1", bundle.id])
        command.directory = bundle.sandbox.directory
        #expect(try command.run().succeeded)
        #expect(try Container(of: bundle).state().bundle == .string(bundle.path))
    }

    @Test func configChangedAfterwardsHasNoEffect() throws {
        let container = try Bundle {
            $0.runs("echo $A; hostname")
            $0.hostname = "before"
            $0.process.env = ["PATH=/bin", "A=before"]
        }.create()
        container.bundle.config.hostname = "after"
        container.bundle.config.process.env = ["PATH=/bin", "A=after"]
        container.bundle.config.runs("echo something else")
        container.bundle.config.annotations = ["new": "one"]
        try container.bundle.writeConfig()
        #expect(try container.state().annotations["new"] == .null)
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "before\nbefore\n")
    }

    @Test func needsNoConfigAfterwards() throws {
        let container = try Bundle { $0.runs("echo ran") }.create()
        unlink(container.bundle.path + "/config.json")
        #expect(try container.status() == "created")
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "ran\n")
        try container.delete()
    }

    @Test func needsNoProcess() throws {
        let container = try Bundle { $0.process = .null }.create()
        #expect(try container.status() == "created")
        let message = try container.refusal(of: "start")
        #expect(message.says("process"))
        #expect(try container.status() == "created")
    }

    @Test func idIsFreeAgainAfterDelete() throws {
        let bundle = try Bundle { $0.runs("echo again") }
        try bundle.create().delete()
        let container = try bundle.create()
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "again\n")
    }

    @Test func processIsAChildOfTheCallersSubreaper() throws {
        let container = try Bundle().create()
        let fields = read("/proc/\(container.pid)/stat").split(separator: ")").last?.words ?? []
        #expect(fields.dropFirst().first == String(getpid()))
    }

    @Test func leavesNoOtherProcessBehind() throws {
        let container = try Bundle { $0.drop(namespace: "pid") }.create()
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }
}
