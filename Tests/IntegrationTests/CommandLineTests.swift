import CHarness
import Testing

/// What engines expect of the program as a whole. The details of the command line have unit tests.
@Suite("command line", .needsRoot, .sandboxed)
struct CommandLineTests {
    private func run(_ arguments: String..., in directory: String? = nil) throws -> Finished {
        var command = Command([Workspace.runtime] + arguments)
        command.directory = directory
        return try command.run()
    }

    // dockerd parses the words before and after "version", and the line that begins with "commit".
    @Test(arguments: ["--version", "-v"]) func versionIsWhatDockerParses(option: String) throws {
        let finished = try run(option)
        #expect(finished.succeeded)
        let lines = finished.output.lines
        #expect(lines.first?.words.dropFirst().first == "version")
        #expect(lines.first?.words.count == 3)
        #expect(lines.contains { $0.hasPrefix("commit: ") })
        #expect(lines.contains("spec: 1.3.0"))
    }

    @Test(arguments: ["create", "start", "run", "state", "kill", "delete", "list", "spec", "features"]) func everyCommandHasHelp(
        name: String
    ) throws {
        let finished = try run(name, "--help")
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.output.contains(name))
        #expect(finished.output.lines.count > 3)
    }

    @Test(arguments: [[], ["--help"], ["-h"], ["help"]]) func helpListsTheCommands(arguments: [String]) throws {
        let finished = try Command([Workspace.runtime] + arguments).run()
        for name in ["create", "start", "run", "state", "kill", "delete", "list", "spec", "features"] {
            #expect((finished.output + finished.errors).contains(name))
        }
    }

    @Test(arguments: [
        ["no-such-command"], ["--no-such-option"], ["create", "--no-such-option", "x"], ["--root"], ["create", "--bundle"],
        ["--log-format", "xml", "list"],
    ])
    func wrongUseIsAnError(arguments: [String]) throws {
        let finished = try Command([Workspace.runtime] + arguments).run()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(!(finished.errors + finished.output).isEmpty)
    }

    @Test func longOptionsTakeOneDashAndAnEqualsSign() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        try bundle.writeConfig()
        let root = bundle.sandbox.root
        #expect(
            try run(
                "-root=\(root)", "create", "-bundle", bundle.path, "--no-pivot=false", "-pid-file=\(bundle.path)/pid", bundle.id
            ).succeeded)
        #expect(try run("-root", root, "kill", "-all", bundle.id, "KILL").succeeded)
    }

    @Test(arguments: [
        ["--systemd-cgroup=false"], ["--rootless", "auto"], ["--rootless=false"], ["--cgroup-manager", "cgroupfs"], ["--debug"],
    ])
    func globalOptionsOfEnginesAreTaken(options: [String]) throws {
        let bundle = try Bundle { $0.runs("echo ran") }
        let finished = try bundle.command("run", global: options).run()
        #expect(finished.output == "ran\n", "\(finished)")
    }

    @Test func withTheCgroupManagerDisabledThereIsNoCgroup() throws {
        let bundle = try Bundle()
        let created = try bundle.command("create", global: ["--cgroup-manager=disabled"]).run()
        #expect(created.succeeded, "\(created)")
        #expect(Cgroup.directories(bundle.cgroup).isEmpty)
    }

    @Test(arguments: [[], ["--rootless"]]) func specWritesAConfigAndNeverOverOne(options: [String]) throws {
        let bundle = try Bundle()
        unlink(bundle.path + "/config.json")
        let written = try Command([Workspace.runtime, "spec", "--bundle", bundle.path] + options).run()
        #expect(written.succeeded, "\(written)")
        let config = try JSONParser.parse(read(bundle.path + "/config.json"))
        #expect(config.ociVersion == "1.3.0")
        let again = try Command([Workspace.runtime, "spec", "--bundle", bundle.path] + options).run()
        #expect(again.ending == .exited(1))
        #expect(try JSONParser.parse(read(bundle.path + "/config.json")) == config)
    }

    @Test func specsConfigRuns() throws {
        let bundle = try Bundle()
        #expect(try run("spec", in: bundle.path).succeeded)
        let cgroup = bundle.config.linux.cgroupsPath
        bundle.config = try JSONParser.parse(read(bundle.path + "/config.json"))
        bundle.config.linux.cgroupsPath = cgroup
        bundle.config.process.terminal = false
        bundle.config.runs("echo ran as $(id -u)")
        #expect(try bundle.output() == "ran as 0\n")
    }

    // The caller is root of a user namespace, first without and then with a mount namespace that belongs to it. unshare(1)
    // forbids setgroups there.
    @Test(arguments: [["unshare", "--user", "--map-root-user"], ["unshare", "--user", "--map-root-user", "--mount"]])
    func rootlessSpecsConfigRunsForRootOfAUserNamespace(caller: [String]) throws {
        let bundle = try Bundle()
        #expect(try run("spec", "--rootless", in: bundle.path).succeeded)
        let cgroup = bundle.config.linux.cgroupsPath
        bundle.config = try JSONParser.parse(read(bundle.path + "/config.json"))
        bundle.config.linux.cgroupsPath = cgroup
        bundle.config.process.terminal = false
        bundle.config.runs("echo ran as $(id -u)")
        let finished = try bundle.run { $0.arguments = caller + $0.arguments }
        #expect(finished.output == "ran as 0\n", "\(finished)")
    }

    @Test func featuresTellsTheTruth() throws {
        let finished = try run("features")
        #expect(finished.succeeded)
        let features = try JSONParser.parse(finished.output)
        #expect(features.ociVersionMin == "1.0.0")
        #expect(features.ociVersionMax == "1.3.0")
        #expect(features.hooks == JSON(HookTests.kinds))
        #expect(Set(features.linux.namespaces.elements) == Set(NamespaceTests.names.map(JSON.string)))
        #expect(features.linux.cgroup.v1 == true)
        #expect(features.linux.cgroup.v2 == true)
        #expect(features.linux.seccomp.enabled == true)
        #expect(features.linux.seccomp.actions.elements.contains("SCMP_ACT_NOTIFY"))
        #expect(features.linux.seccomp.operators.elements.contains("SCMP_CMP_MASKED_EQ"))
        // All options that the specification demands, and some that it recommends.
        for option in [
            "async", "bind", "defaults", "iversion", "lazytime", "loud", "remount", "rslave", "runbindable", "silent", "rro",
            "nosymfollow",
        ] {
            #expect(features.mountOptions.elements.contains(.string(option)), "\(option)")
        }
    }

    // crun's option, which engines for crun may pass.
    @Test(arguments: [("error", 0), ("warning", 1), ("info", 1), ("debug", 1)])
    func levelOfTheLogDecidesOnWarnings(level: String, count: Int) throws {
        let bundle = try Bundle { $0["noSuchProperty"] = 1 }
        let log = bundle.path + "/log"
        #expect(try bundle.command("run", global: ["--log", log, "--log-level", level]).run().succeeded)
        #expect(read(log).lines.filter { $0.contains("level=warning") }.count == count)
        #expect(read(log).contains("level=debug") == (level == "debug"))
    }

    // An engine must be able to use every mount option that `features` names.
    @Test func everyMountOptionThatIsNamedIsTaken() throws {
        let special: Set = ["idmap", "ridmap", "remount", "tmpcopyup"]
        let options = try JSONParser.parse(run("features").output).mountOptions.elements.compactMap(\.text).filter {
            !special.contains($0)
        }
        #expect(options.count > 50)
        for option in options {
            let bundle = try Bundle()
            try makeDirectory(bundle.path + "/source")
            let bind = ["bind", "rbind"].contains(option) ? [] : ["bind"]
            bundle.config.mounts.append(.mount("/mnt", source: bundle.path + "/source", bind + [option]))
            let finished = try bundle.run()
            #expect(finished.succeeded, "\(option): \(finished)")
        }
    }

    // A caller that reads the runtime's output to its end must reach that end while the container lives on.
    @Test func outputEndsWithTheRuntimeWhereATerminalIsTheContainers() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs(arguments: ["sleep", "1000"])
        }
        let (container, terminal) = try bundle.createWithTerminal()
        for number in ["1", "2"] { #expect(linkTarget("/proc/\(container.pid)/fd/\(number)")?.contains("memfd:output") == false) }
        try container.start()
        #expect(linkTarget("/proc/\(container.pid)/fd/2") == "/dev/pts/0")
        withExtendedLifetime(terminal) {}
    }
}
