import CHarness
import Testing

/// What a container with CAP_SYS_PTRACE and without a user namespace can get from the runtime's processes in its pid namespace.
///
/// The tests run one after another: a hostile container takes a whole processor.
@Suite("processes that can be traced", .needsRoot, .sandboxed, .serialized)
struct TrespassTests {
    private static let tracing = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_KILL"]

    /// Data of the caller that must not be seen in the container, each in a different place.
    private static let secrets = [
        "environment-of-the-caller", "path-of-the-bundle", "hook-of-the-host", "value-for-a-hook", "source-of-a-mount",
        "annotation-for-the-engine", "log-of-the-engine",
        // From /proc/PID/status, which tells the host's pids and the caller's groups.
        "voluntary_ctxt_switches",
    ]

    private func confidential(_ configure: (inout JSON) throws -> Void = { _ in }) throws -> Bundle {
        let bundle = try Bundle {
            $0.process.capabilities = .capabilities(Self.tracing)
            $0.annotations = ["org.example": "annotation-for-the-engine"]
            try configure(&$0)
        }
        let source = bundle.path + "/source-of-a-mount"
        try makeDirectory(source)
        try write("#!/bin/busybox sh\n", to: bundle.path + "/hook-of-the-host", mode: 0o755)
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind"]))
        bundle.config.hooks.createRuntime = [
            ["path": .string(Workspace.busybox), "args": ["sh", "-c", "# hook-of-the-host"], "env": ["SECRET=value-for-a-hook"]]
        ]
        // The bundle is given by another name, since the path of its root file system may show in the container's mount table.
        try makeLink(bundle.path + "/path-of-the-bundle", to: bundle.path)
        return bundle
    }

    private func create(_ bundle: Bundle) throws -> Container {
        try bundle.writeConfig()
        var create = bundle.sandbox.command(
            ["create", "--bundle", bundle.path + "/path-of-the-bundle", bundle.id],
            global: ["--log", bundle.path + "/log-of-the-engine"])
        create.environment.append("SECRET=environment-of-the-caller")
        let created = try create.run()
        try #require(created.succeeded, "\(created)")
        return try Container(of: bundle, created)
    }

    /// Adds a mark after the first character. The probe removes it, so that it doesn't find its own arguments.
    private func disguised(_ texts: [String]) -> [String] { texts.map { "\($0.prefix(1))~\($0.dropFirst())" } }

    /// The first process of a pid namespace can't end before the others are reaped.
    private func end(_ guest: Container) {
        kill(guest.pid, SIGKILL)
        waitpid(guest.pid, nil, 0)
    }

    @Test func waitingProcessHasNothingOfTheCallersInMemory() throws {
        let container = try create(try confidential())
        let search = container.joining(["probe", "memory", "1"] + disguised(Self.secrets + ["wait for start"]))
        let seen = try search.run()
        #expect(seen.succeeded, "\(seen)")
        #expect(seen.output.contains("searched"), "\(seen)")
        // The program itself contains this text, which shows that the search works.
        #expect(seen.output.contains("found wait for start\n"), "\(seen)")
        for secret in Self.secrets { #expect(!seen.output.contains("found \(secret)"), "\(seen)") }
    }

    @Test func waitingProcessShowsNoCommandLineAndNoEnvironment() throws {
        let container = try create(try confidential())
        #expect(try container.exec("cat", "/proc/1/cmdline", "/proc/1/environ").output == "")
    }

    @Test func waitingProcessInAJoinedNamespaceHasNothingOfTheCallersInMemory() throws {
        let first = try Bundle {
            $0.process.capabilities = .capabilities(Self.tracing)
            $0.runs("sleep 1000")
        }.start()
        let second = try create(try confidential { $0.join(namespace: "pid", at: "/proc/\(first.pid)/ns/pid") })
        let number = read("/proc/\(second.pid)/status").lines.first { $0.hasPrefix("NSpid:") }?.words.last ?? ""
        let seen = try first.joining(["probe", "memory", number] + disguised(Self.secrets + ["wait for start"])).run()
        #expect(seen.output.contains("found wait for start\n"), "\(seen)")
        for secret in Self.secrets { #expect(!seen.output.contains("found \(secret)"), "\(seen)") }
        defer { end(second) }
        #expect(try first.exec("cat", "/proc/\(number)/cmdline", "/proc/\(number)/environ").output == "")
    }

    // A process of the container stops the joining process as soon as that appears.
    @Test func joiningProcessHasNothingOfTheCallersInMemory() throws {
        let bundle = try confidential {
            $0.runs(arguments: ["probe", "memory", "next"] + disguised(Self.secrets + ["wait for start"]))
        }
        let container = try create(bundle)
        try container.start()
        try container.waitFor("ready\n")
        for _ in 0..<2000 where !container.output.contains("searched") {
            var exec = container.joining(["true"], global: ["--log", bundle.path + "/log-of-the-engine"])
            exec.environment.append("SECRET=environment-of-the-caller")
            _ = try exec.run()
        }
        #expect(container.output.contains("found wait for start\n"), "\(container.output)")
        for secret in Self.secrets { #expect(!container.output.contains("found \(secret)"), "\(container.output)") }
    }

    // A process that takes Init's end of the conversation by pidfd_getfd(2) can send any message at any time.
    @Test(arguments: [1...1, 2...2, 3...3, 4...4, 5...5, 6...6, 7...7, 8...8, 9...9, 10...10, 11...11, 1...14])
    func whateverIsSaidInItsNameTheContainersProcessIsItsOwn(tags: ClosedRange<Int>) throws {
        let bystander = try Command(["sleep", "1000"]).start()
        let limits = read("/proc/\(bystander.pid)/limits")
        let score = read("/proc/\(bystander.pid)/oom_score_adj")
        let attacker = try Bundle {
            $0.process.capabilities = .capabilities(Self.tracing)
            $0.runs(arguments: ["probe", "impersonate", "\(tags.lowerBound)", "\(tags.upperBound)", "\(bystander.pid)"])
        }.start()
        try attacker.waitFor("ready\n")
        // On a busy machine the attacker comes too late most of the time.
        for _ in 0..<200 where !attacker.output.contains("spoke for") {
            try createBeside(attacker, bystander)
        }
        #expect(attacker.output.contains("spoke for"), "nobody was impersonated: the test shows nothing")
        #expect(read("/proc/\(bystander.pid)/limits") == limits)
        #expect(read("/proc/\(bystander.pid)/oom_score_adj") == score)
        #expect(!bystander.hasEnded)
        try write("", to: attacker.bundle.rootfs + "/tmp/stop")
    }

    private func createBeside(_ attacker: Container, _ bystander: RunningCommand) throws {
        let victim = try Bundle {
            $0.join(namespace: "pid", at: "/proc/\(attacker.pid)/ns/pid")
            $0.process.rlimits = [["type": "RLIMIT_NOFILE", "soft": 77, "hard": 77]]
            $0.process.oomScoreAdj = 999
        }
        let pidFile = victim.path + "/pid"
        let created = try victim.command("create", ["--pid-file", pidFile]).run()
        guard created.succeeded else {
            #expect(read(pidFile) != "\(bystander.pid)", "\(created)")
            #expect(created.ending == .exited(1), "\(created)")
            return
        }
        let container = try Container(of: victim)
        defer { end(container) }
        #expect(read(pidFile) == "\(container.pid)")
        #expect(Cgroup.processes(victim.cgroup) == [container.pid])
    }
}
