import CHarness
import Testing

/// `exec --process`: a file describes the whole process, as config.json does.
@Suite("exec: process.json", .needsRoot, .sandboxed)
struct ExecProcessFileTests {
    /// Runs a script in a process with these properties and the required ones, and returns what the script wrote.
    private func output(
        _ script: String, in container: Container? = nil, options: [String] = [], _ configure: (inout JSON) -> Void
    ) throws -> String {
        var process = JSON.process(script)
        configure(&process)
        let finished = try (container ?? resting()).exec(process: process, options: options)
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output
    }

    private func attribute(_ name: String, in container: Container? = nil, _ configure: (inout JSON) -> Void) throws -> String? {
        try output("probe attributes", in: container, configure).lines.first { $0.hasPrefix(name + "=") }
    }

    @Test func nothingIsTakenFromTheContainersProcess() throws {
        let container = try resting {
            $0.process.cwd = "/tmp"
            $0.process.env = ["PATH=/bin", "CONTAINERS=1"]
            $0.process.user = ["uid": 1000, "gid": 1001, "additionalGids": [5], "umask": 0o027]
            $0.process.rlimits = [["type": "RLIMIT_CORE", "soft": 7, "hard": 7]]
            $0.process.oomScoreAdj = 500
            $0.process.scheduler = ["policy": "SCHED_BATCH"]
            $0.process.ioPriority = ["class": "IOPRIO_CLASS_IDLE", "priority": 0]
        }
        let seen = try output(
            "pwd; env; cat /proc/self/status /proc/self/limits /proc/self/oom_score_adj; probe attributes", in: container
        ) { $0.env = ["PATH=/bin", "OWN=1"] }
        #expect(seen.hasPrefix("/\n"))
        #expect(seen.contains("OWN=1\n") && !seen.contains("CONTAINERS=1\n"))
        #expect(field("Uid", of: seen)?.words.first == "0")
        #expect(field("Gid", of: seen)?.words.first == "0")
        #expect(field("Groups", of: seen) == "")
        #expect(field("NoNewPrivs", of: seen) == "0")
        #expect(field("CapBnd", of: seen) == "0000000000000000")
        #expect(seen.lines.first { $0.hasPrefix("Max core file size") }?.words.dropFirst(4).first != "7")
        #expect(seen.contains("umask=022\n") && seen.contains("policy=0\n") && seen.contains("ioprio=0\n"), "\(seen)")
        #expect(!seen.contains("\n500\n"))
    }

    @Test func userGroupsAndUmaskAreSet() throws {
        let seen = try output("cat /proc/self/status; probe attributes") {
            $0.user = ["uid": 7, "gid": 8, "additionalGids": [9, 4_000_000_000], "umask": 0o077, "username": "somebody"]
        }
        #expect(field("Uid", of: seen)?.words == ["7", "7", "7", "7"])
        #expect(field("Gid", of: seen)?.words == ["8", "8", "8", "8"])
        #expect(field("Groups", of: seen)?.words == ["9", "4000000000"])
        #expect(seen.contains("umask=077\n"))
    }

    @Test func workingDirectoryAndEnvironmentAreSet() throws {
        let seen = try output("pwd; env") {
            $0.cwd = "/var"
            $0.env = ["PATH=/bin", "A=1", "A=2"]
        }
        #expect(seen.hasPrefix("/var\n"))
        #expect(seen.lines.filter { $0.hasPrefix("A=") } == ["A=2"])
    }

    @Test func limitsAreSet() throws {
        let seen = try output("cat /proc/self/limits") {
            $0.rlimits = [
                ["type": "RLIMIT_NOFILE", "soft": 10, "hard": 11], ["type": "RLIMIT_NPROC", "soft": 1, "hard": 2],
                ["type": "RLIMIT_CORE", "soft": 0, "hard": 0],
            ]
        }
        func limit(_ title: String) -> [String]? {
            seen.lines.first { $0.hasPrefix(title) }.map { Array(String($0.dropFirst(title.count)).words.prefix(2)) }
        }
        #expect(limit("Max open files") == ["10", "11"])
        #expect(limit("Max processes") == ["1", "2"])
        #expect(limit("Max core file size") == ["0", "0"])
    }

    @Test(arguments: [0, 1000]) func oomScoreIsSet(score: Int) throws {
        #expect(try output("cat /proc/self/oom_score_adj") { $0.oomScoreAdj = .number(score) } == "\(score)\n")
    }

    // sched(7): BATCH is 3, IDLE 5.
    @Test(arguments: [("SCHED_BATCH", "policy=3"), ("SCHED_IDLE", "policy=5")]) func schedulerIsSet(policy: String, seen: String)
        throws
    {
        #expect(try attribute("policy") { $0.scheduler = ["policy": .string(policy)] } == seen)
        #expect(try attribute("nice") { $0.scheduler = ["policy": "SCHED_OTHER", "nice": 9] } == "nice=9")
    }

    @Test func ioPriorityIsSet() throws {
        #expect(
            try attribute("ioprio") { $0.ioPriority = ["class": "IOPRIO_CLASS_BE", "priority": 6] } == "ioprio=\(2 << 13 | 6)")
    }

    private static let hasSeveralProcessors = read("/proc/self/status").lines.contains {
        $0.hasPrefix("Cpus_allowed_list:") && ($0.contains("-") || $0.contains(","))
    }

    @Test(
        .enabled(if: hasSeveralProcessors, "this machine has one processor"),
        arguments: [
            (["initial": "0"], "0"), (["initial": "1"], "1"), (["final": "1"], "1"), (["initial": "0", "final": "1"], "1"),
            (["initial": "1", "final": "0-1"], "0-1"),
        ] as [(JSON, String)])
    func affinityIsSet(affinity: JSON, seen: String) throws {
        let found = try field("Cpus_allowed_list", of: output("cat /proc/self/status") { $0.execCPUAffinity = affinity })
        // In a cgroup with a cpuset the kernel decides what is left of the initial affinity: config.md, `execCPUAffinity`.
        let all = try field("Cpus_allowed_list", of: read("/proc/self/status"))
        #expect(found == seen || Host.isUnified && affinity.final == .null && found == all)
    }

    @Test(.enabled(if: hasSeveralProcessors, "this machine has one processor")) func affinityOfTheConfigIsForExec() throws {
        let container = try resting { $0.process.execCPUAffinity = ["final": "1"] }
        #expect(try field("Cpus_allowed_list", of: container.output(ofScript: "cat /proc/self/status")) == "1")
        #expect(try field("Cpus_allowed_list", of: output("cat /proc/self/status", in: container) { _ in }) == "1")
        #expect(
            try field(
                "Cpus_allowed_list", of: output("cat /proc/self/status", in: container) { $0.execCPUAffinity = ["final": "0"] })
                == "0")
        #expect(field("Cpus_allowed_list", of: read("/proc/\(container.pid)/status")) != "1")
    }

    @Test(.enabled(if: hasSeveralProcessors, "this machine has one processor")) func callersAffinityIsNotPassedOn() throws {
        let container = try resting()
        let finished = try container.exec("cat", "/proc/self/status") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(
            field("Cpus_allowed_list", of: finished.output)
                == field("Cpus_allowed_list", of: read("/proc/\(container.pid)/status")), "\(finished)")
    }

    @Test func capabilitiesAreSet() throws {
        let seen = try output("cat /proc/self/status") {
            $0.user.uid = 1000
            $0.capabilities = [
                "bounding": ["CAP_CHOWN", "CAP_NET_RAW"], "permitted": ["CAP_CHOWN", "CAP_NET_RAW"],
                "inheritable": ["CAP_NET_RAW"], "ambient": ["CAP_NET_RAW"], "effective": ["CAP_CHOWN"],
            ]
        }
        let sets = try CapabilityTests.Sets(seen)
        #expect(sets.bounding == 1 << 0 | 1 << 13)
        #expect(sets.inheritable == 1 << 13)
        #expect(sets.permitted == 1 << 13)
        #expect(sets.effective == 1 << 13)
        #expect(sets.ambient == 1 << 13)
    }

    @Test(arguments: [true, false]) func noNewPrivilegesIsWhatTheFileSays(wanted: Bool) throws {
        let seen = try output("cat /proc/self/status") { $0.noNewPrivileges = .bool(wanted) }
        #expect(field("NoNewPrivs", of: seen) == (wanted ? "1" : "0"))
    }

    @Test func optionsComeOnTopOfTheFile() throws {
        var process = JSON.process("pwd; env; cat /proc/self/status")
        process.user = ["uid": 7, "gid": 8, "additionalGids": [9]]
        process.env = ["PATH=/bin", "A=1"]
        let seen = try resting().exec(
            process: process,
            options: ["--cwd", "/tmp", "--env", "A=2", "--user", "5", "--additional-gids", "6", "--no-new-privs"]
        ).output
        #expect(seen.hasPrefix("/tmp\n"))
        #expect(seen.contains("A=2\n"))
        #expect(field("Uid", of: seen)?.words.first == "5")
        #expect(field("Gid", of: seen)?.words.first == "8")
        #expect(field("Groups", of: seen) == "6 9")
        #expect(field("NoNewPrivs", of: seen) == "1")
    }

    // containerd's shim makes a file or a fifo in any place. podman ends the file with a newline.
    @Test(arguments: ["-p", "--process"]) func fileMayHaveUnknownPropertiesAndSpace(option: String) throws {
        let container = try resting()
        let path = container.bundle.path + "/other.json"
        var process = JSON.process("echo ran")
        process.commandLine = "ignored"
        process.futureProperty = ["a": 1]
        try write("\n " + process.description + "\n\n", to: path)
        let finished = try container.joining([], options: [option, path]).run()
        #expect(finished.output == "ran\n", "\(finished)")
    }

    @Test func unknownPropertiesAreWarnedAbout() throws {
        let container = try resting()
        let log = try Sandbox.current.directory + "/log"
        var process = JSON.process("echo ran")
        process.user.uuid = 1
        let options = ["--process", try container.file(of: process)]
        let finished = try container.joining([], options: options, global: ["--log", log]).run()
        #expect(finished.output == "ran\n", "\(finished)")
        #expect(read(log).says("/user/uuid (did you mean uid?): unknown property, ignored"))
    }

    @Test func fileThatCannotBeReadIsNamed() throws {
        let container = try resting()
        #expect(try container.refusalOfExec(options: ["--process", "/no/such/process.json"]).says("/no/such/process.json"))
        #expect(try container.refusalOfExec(options: ["--process", container.bundle.path]).says(container.bundle.path))
    }

    @Test(arguments: ["", "{", "[]", "null", "{}x", "{\"args\":[\"true\"],\"args\":[\"id\"],\"cwd\":\"/\"}", "\u{FEFF}{}"])
    func fileThatIsNoProcessIsRefused(text: String) throws {
        let container = try resting()
        let path = container.bundle.path + "/process.json"
        try write(text, to: path)
        _ = try container.refusalOfExec(options: ["--process", path])
    }

    @Test(
        arguments: [
            ("/args", .null), ("/args", []), ("/args/0", [""]), ("/args/1", ["true", 1]), ("/args", "true"), ("/cwd", .null),
            ("/cwd", "tmp"), ("/cwd", ""), ("/env/0", ["NOEQUALS"]), ("/env/1", ["A=1", 2]),
            ("/user/uid", ["uid": -1, "gid": 0]),
            ("/user/gid", ["uid": 0, "gid": 4_294_967_296]), ("/user/umask", ["uid": 0, "gid": 0, "umask": 4096]),
            ("/user/additionalGids/0", ["uid": 0, "gid": 0, "additionalGids": ["x"]]), ("/terminal", "yes"),
            ("/rlimits/0/type", [["type": "RLIMIT_SAUSAGE", "soft": 1, "hard": 1]]),
            ("/rlimits/0", [["type": "RLIMIT_CORE", "soft": 2, "hard": 1]]),
            ("/rlimits/1", [["type": "RLIMIT_CORE", "soft": 1, "hard": 1], ["type": "RLIMIT_CORE", "soft": 1, "hard": 1]]),
            ("/oomScoreAdj", 1001), ("/oomScoreAdj", "x"), ("/scheduler/policy", ["policy": "SCHED_SAUSAGE"]),
            ("/ioPriority/class", ["class": "SAUSAGE", "priority": 0]), ("/execCPUAffinity/initial", ["initial": "x"]),
            ("/execCPUAffinity/final", ["final": "3-1"]), ("/capabilities/bounding", ["bounding": "CAP_KILL"]),
            ("/noNewPrivileges", 1),
        ] as [(String, JSON)])
    func wrongPropertyIsRefusedWithItsPlace(pointer: String, value: JSON) throws {
        var process = JSON.process(["true"])
        process[pointer.split(separator: "/").first.map(String.init) ?? ""] = value
        let container = try resting()
        #expect(try container.refusalOfExec(process).points(to: pointer))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }
}
