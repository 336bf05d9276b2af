import CHarness
import Testing

@Suite("state", .needsRoot, .sandboxed)
struct StateTests {
    @Test func goesFromCreatedThroughRunningToStopped() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.create()
        #expect(try container.status() == "created")
        try container.start()
        #expect(try container.status() == "running")
        try container.kill("KILL")
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try container.status() == "stopped")
    }

    @Test func hasTheKeysThatEnginesRead() throws {
        let container = try Bundle {
            $0.annotations = ["one": "first", "two": ""]
            $0.runs(arguments: ["sleep", "1000"])
        }.start()
        let state = try container.state()
        #expect(
            state.memberNames == ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner"])
        #expect(state.id == "c1")
        #expect(state.pid == .number(Int(container.pid)))
        #expect(state.bundle == .string(container.bundle.path))
        #expect(state.rootfs == .string(container.bundle.rootfs))
        #expect(state.annotations == ["one": "first", "two": ""])
        #expect(state.ociVersion.text?.hasPrefix("1.") == true)
        let created = try #require(state.created.text)
        // RFC 3339, with or without a fraction, in UTC.
        #expect(created.dropFirst(4).first == "-" && created.dropFirst(10).first == "T" && created.hasSuffix("Z"), "\(created)")
    }

    @Test func versionIsTheConfigs() throws {
        let bundle = try Bundle { $0.ociVersion = "1.0.2" }
        bundle.config.hooks.createRuntime = [.hook("cat > \(bundle.path)/seen")]
        #expect(try bundle.create().state().ociVersion == "1.0.2")
        #expect(try JSONParser.parse(read(bundle.path + "/seen")).ociVersion == "1.0.2")
    }

    // The record has the annotations, too, and there it's longer than config.json may be: "<" is a JSON escape of six bytes.
    @Test func annotationsMayBeLarge() throws {
        let bundle = try Bundle {
            $0.annotations = ["large": .string(String(repeating: "<", count: 3 << 20))]
            $0.runs(arguments: ["sleep", "1000"])
        }
        #expect(try bundle.command("create").run().succeeded)
        // Parsing it in the test takes long.
        let state = try bundle.sandbox.runtime("state", bundle.id)
        #expect(state.succeeded && state.output.utf8.count > 18 << 20)
        #expect(try bundle.sandbox.runtime("start", bundle.id).succeeded)
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // The test compares with what the kernel and the process itself say, and not only with an earlier answer of `state`.
    @Test func pidIsThatOfTheContainersProcess() throws {
        let bundle = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs("echo $$; exec sleep 1000")
        }
        let container = try bundle.create()
        let created = try #require(try container.state().pid.integer)
        #expect(Cgroup.processes(bundle.cgroup) == [pid_t(created)])
        try container.start()
        try container.waitFor("\n")
        #expect(container.output == "\(created)\n")
        #expect(try container.state().pid == .number(created))
        #expect(try bundle.sandbox.runtime("pause", container.id).succeeded)
        #expect(try container.state().pid == .number(created))
    }

    @Test func hasNoPidOnceStopped() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.state().pid == 0)
        // We have taken the status, and nobody else knows it.
        #expect(try container.state().end == .null)
    }

    @Test(arguments: [("exit 3", ["exitStatus": 3]), ("kill -KILL $$", ["signal": 9])] as [(String, JSON)])
    func tellsHowTheProcessEndedWhileNobodyHasReapedIt(script: String, end: JSON) throws {
        let container = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs(script)
        }.start()
        try container.waitUntilZombie()
        #expect(try container.state().end == end)
    }

    @Test(
        arguments: [("exit 3", ["exitStatus": 3]), ("kill -KILL $$", ["signal": 9]), ("exit 0", ["exitStatus": 0])]
            as [(String, JSON)])
    func tellsHowTheProcessOfAKeptContainerEnded(script: String, end: JSON) throws {
        let bundle = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs(script)
        }
        _ = try bundle.run(["--keep"])
        #expect(try Container(of: bundle).state().end == end)
    }

    @Test(.needs(controller: "memory")) func tellsThatMemoryRanOut() throws {
        let limit = 16 << 20
        let bundle = try Bundle {
            $0.linux.resources.memory.limit = .number(limit)
            $0.runs(arguments: ["tail", "/dev/zero"])
        }
        #expect(try bundle.run(["--keep"]).ending == .exited(137))
        let end = try Container(of: bundle).state().end
        #expect(end.signal == 9)
        #expect(end.outOfMemory.kills == 1 && end.outOfMemory.limit == .number(limit), "\(end)")
        let peak = try #require(end.outOfMemory.peak.integer)
        #expect(peak > limit / 2 && peak <= limit)
    }

    @Test func isStoppedWhileNobodyHasReapedTheProcess() throws {
        let container = try Bundle().start()
        try container.waitUntilZombie()
        #expect(try container.status() == "stopped")
        #expect(try container.state().pid == 0)
    }

    @Test func isStoppedWhenTheProcessDiedBeforeStart() throws {
        let container = try Bundle().create()
        kill(container.pid, SIGKILL)
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try container.status() == "stopped")
        try container.delete()
    }

    @Test(arguments: [true, false]) func isNotFooledByAReusedPid(byThread: Bool) throws {
        let container = try Bundle { $0.drop(namespace: "pid") }.start()
        #expect(try container.wait() == .exited(0))
        let stranger = try reuse(container.pid, byThread: byThread)
        #expect(try container.status() == "stopped")
        #expect(try container.refusal(of: "kill").says("container not running"))
        try container.delete()
        #expect(kill(stranger.pid, 0) == 0, "the process that got the pid must live")
    }

    @Test func refusesAnUnknownID() throws {
        let finished = try Sandbox.current.runtime("state", "unknown")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
        #expect(finished.output.isEmpty)
    }

    @Test func refusesWithoutAnID() throws {
        #expect(try Sandbox.current.runtime("state").ending == .exited(1))
    }

    @Test func containersOfAnotherRootAreUnknown() throws {
        let container = try Bundle().create()
        let finished = try Command([Workspace.runtime, "--root", container.bundle.path + "/elsewhere", "state", container.id])
            .run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
    }

    /// Starts a process with exactly this pid, or with a thread of that number. Other tests take pids too, so this may need
    /// several attempts.
    private func reuse(_ pid: pid_t, byThread: Bool) throws -> RunningCommand {
        for _ in 0..<1000 {
            let last = byThread ? pid - 2 : pid - 1
            guard h_put("/proc/sys/kernel/ns_last_pid", "\(last)") == 0 else { throw HarnessFailure.system("ns_last_pid") }
            let sleeper = try Command([Workspace.probe, byThread ? "thread" : "pause"]).start()
            guard byThread else {
                guard sleeper.pid == pid else { continue }
                return sleeper
            }
            try eventually("two threads") { entries(of: "/proc/\(sleeper.pid)/task").count == 2 }
            if entries(of: "/proc/\(sleeper.pid)/task").contains("\(pid)") { return sleeper }
        }
        throw HarnessFailure("no process gets pid \(pid)")
    }
}
