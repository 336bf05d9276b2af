import CHarness
import Testing

/// The runtime is run by an unprivileged user, who has one id to map and no cgroup.
@Suite("rootless", .needsRoot, .sandboxed)
struct RootlessTests {
    private static let user: uid_t = 1000

    /// A bundle and a state root that belong to the user.
    private struct UsersBundle {
        let bundle: Bundle

        init(_ configure: (inout JSON) throws -> Void = { _ in }) throws {
            bundle = try Bundle {
                let mapping: JSON = [["containerID": 0, "hostID": .number(Int(RootlessTests.user)), "size": 1]]
                $0.linux.namespaces.append(["type": "user"])
                $0.linux.uidMappings = mapping
                $0.linux.gidMappings = mapping
                $0.linux.cgroupsPath = .null
                $0.drop(mount: "/dev/pts")
                $0.mounts.append(.mount("/dev/pts", type: "devpts", source: "devpts", ["newinstance", "ptmxmode=0666"]))
                try configure(&$0)
            }
            try makeDirectory(bundle.path + "/state", mode: 0o700)
            for path in [bundle.path, bundle.path + "/state"] { chown(path, RootlessTests.user, RootlessTests.user) }
        }

        func run(_ arguments: String...) throws -> Finished { try run(arguments: arguments) }

        func output(_ arguments: String...) throws -> String {
            let finished = try run(arguments: arguments)
            guard finished.succeeded else { throw HarnessFailure("\(finished)") }
            return finished.output
        }

        private func run(arguments: [String]) throws -> Finished {
            try bundle.writeConfig()
            let program = [try Workspace.directory.get() + "/wherry", "--root", bundle.path + "/state"]
            var command = Command([Workspace.probe, "as", "\(RootlessTests.user)"] + program + arguments)
            command.directory = bundle.path
            return try command.run()
        }

        func start() throws {
            bundle.config.runs(arguments: ["sleep", "1000"])
            _ = try output("run", "--detach", "c")
        }

        func end() throws {
            _ = try output("delete", "--force", "c")
            #expect(entries(of: bundle.path + "/state").filter { !$0.hasPrefix(".") } == [])
        }
    }

    @Test func livesFromCreateToDelete() throws {
        let users = try UsersBundle { $0.runs("sleep 1000") }
        _ = try users.output("create", "c")
        #expect(try JSONParser.parse(users.output("state", "c")).status == "created")
        _ = try users.output("start", "c")
        #expect(try JSONParser.parse(users.output("state", "c")).status == "running")
        #expect(try users.output("exec", "c", "id", "-u") == "0\n")
        _ = try users.output("kill", "c", "KILL")
        try eventually("the end") { try JSONParser.parse(users.output("state", "c")).status == "stopped" }
        _ = try users.output("delete", "c")
    }

    @Test func runGivesTheProgramsStatus() throws {
        let users = try UsersBundle { $0.runs("id -u; cat /proc/self/uid_map; exit 7") }
        let finished = try users.run("run", "c")
        #expect(finished.ending == .exited(7), "\(finished)")
        #expect(finished.output.words == ["0", "0", "1000", "1"])
    }

    @Test func missingUserNamespaceIsNamed() throws {
        let users = try UsersBundle {
            $0.drop(namespace: "user")
            $0.linux.uidMappings = .null
            $0.linux.gidMappings = .null
        }
        let message = try users.run("run", "c").message
        #expect(message.says("/linux/namespaces: the container's namespaces can't be made: operation not permitted"))
        #expect(message.says("an ordinary user needs a user namespace: wherry spec --rootless writes such a configuration"))
    }

    @Test func execHasATerminal() throws {
        let users = try UsersBundle()
        try users.start()
        #expect(try users.output("exec", "--tty", "c", "tty").trimmed == "/dev/pts/0")
        try users.end()
    }

    // The files in /proc of a process that isn't dumpable belong to root (proc(5)).
    @Test func oomScoreIsSet() throws {
        let users = try UsersBundle { $0.process.oomScoreAdj = 300 }
        users.bundle.config.runs(arguments: ["cat", "/proc/self/oom_score_adj"])
        #expect(try users.output("run", "c") == "300\n")
        try users.start()
        #expect(try users.output("exec", "c", "cat", "/proc/self/oom_score_adj") == "300\n")
        var process = JSON.process(["cat", "/proc/self/oom_score_adj"])
        process.oomScoreAdj = 400
        try write(process.description, to: users.bundle.path + "/process.json")
        #expect(try users.output("exec", "--process", "process.json", "c") == "400\n")
        process.oomScoreAdj = -900
        try write(process.description, to: users.bundle.path + "/process.json")
        let finished = try users.run("exec", "--process", "process.json", "c")
        // Without privileges, a process that began with a lower score may go back to it. Try whether this one may.
        let lowering = ["sh", "-c", "echo -900 >/proc/self/oom_score_adj"]
        if try Command([Workspace.probe, "as", "\(Self.user)", Workspace.busybox] + lowering).run().succeeded {
            #expect(finished.output == "-900\n", "\(finished)")
        } else {
            #expect(finished.message.says("can't be set to -900: permission denied"), "\(finished)")
        }
        try users.end()
    }

    @Test func resourceLimitsAreSet() throws {
        let users = try UsersBundle { $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 50, "hard": 60]] }
        try users.start()
        #expect(try users.output("exec", "c", "sh", "-c", "ulimit -n; ulimit -Hn").words == ["50", "60"])
        try users.end()
    }

    @Test func limitsThatNeedACgroupAreRefused() throws {
        let users = try UsersBundle { $0.linux.resources = ["memory": ["limit": 67_108_864]] }
        let finished = try users.run("create", "c")
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(
            !finished.errors.isEmpty && entries(of: users.bundle.path + "/state").filter { !$0.hasPrefix(".") } == [],
            "\(finished)")
    }
}
