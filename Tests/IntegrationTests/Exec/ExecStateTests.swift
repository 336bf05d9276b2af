import CHarness
import Testing

@Suite("exec: the container's state", .needsRoot, .sandboxed)
struct ExecStateTests {
    @Test func runsInACreatedContainer() throws {
        let container = try Bundle { $0.runs("echo started") }.create()
        // The root, the mounts and the namespaces exist, but the container's own program doesn't run yet.
        #expect(try container.output(ofScript: "echo ran; cat /proc/1/comm; test -e /proc/self/status").hasPrefix("ran\n"))
        #expect(try container.status() == "created")
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "started\n")
    }

    @Test func isRefusedInAStoppedContainer() throws {
        let container = try Bundle().start()
        try container.waitUntilZombie()
        #expect(try container.refusalOfExec("true").says("exec failed: cannot exec in a stopped container"))
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusalOfExec("true").says("exec failed: cannot exec in a stopped container"))
    }

    /// Starts an `exec` that has seen a running container and waits for its configuration, and returns where to write that.
    private func waitingForItsProcess(in container: Container) throws -> (exec: RunningCommand, input: Int32) {
        var input: [Int32] = [-1, -1]
        guard pipe2(&input, O_CLOEXEC) == 0 else { throw HarnessFailure.system("pipe2") }
        var command = container.joining([], options: ["--process", "/dev/fd/0"])
        command.descriptors = [0: input[0]]
        let exec = try command.start()
        close(input[0])
        let open = "/proc/\(exec.pid)/fd/"
        try eventually("exec to open its input by that path") {
            entries(of: open).filter { linkTarget(open + $0) == linkTarget(open + "0") }.count == 2
        }
        return (exec, input[1])
    }

    @Test(arguments: [false, true]) func isRefusedIfTheContainerEndsMeanwhile(isDeleted: Bool) throws {
        let container = try resting()
        let (exec, input) = try waitingForItsProcess(in: container)
        try container.kill("KILL")
        #expect(try container.wait() == .killed(by: SIGKILL))
        if isDeleted { try container.delete() }
        let process = JSON.process("true").description
        #expect(CHarness.write(input, process, process.utf8.count) == process.utf8.count)
        close(input)
        let finished = try exec.finish()
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(finished.message.says("wherry: exec: cannot exec in a stopped container"))
    }

    @Test func signalEndsItAsItWaitsForItsConfiguration() throws {
        let (exec, input) = try waitingForItsProcess(in: resting())
        defer { close(input) }
        exec.signal(SIGTERM)
        #expect(try exec.finish().ending == .killed(by: SIGTERM))
    }

    @Test(.needs(controller: Host.isUnified ? "pids" : "freezer")) func isRefusedInAPausedContainer() throws {
        let container = try resting()
        #expect(try container.bundle.sandbox.runtime("pause", container.id).succeeded)
        let message = try container.refusalOfExec("true")
        #expect(message.says("exec failed: cannot exec in a paused container (use --ignore-paused to override)"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        #expect(try container.output(ofScript: "echo ran") == "ran\n")
    }

    @Test(.needs(controller: Host.isUnified ? "pids" : "freezer")) func waitsForTheResumeWhenPausingIsIgnored() throws {
        let container = try resting()
        #expect(try container.bundle.sandbox.runtime("pause", container.id).succeeded)
        let exec = try container.joining(["sh", "-c", "echo ran; exit 4"], options: ["--ignore-paused"]).start()
        usleep(100_000)
        #expect(exec.output.text.isEmpty)
        #expect(try container.status() == "paused")
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        let finished = try exec.finish()
        #expect(finished.ending == .exited(4), "\(finished)")
        #expect(finished.output == "ran\n")
    }

    // A process that waited in the freezer must not run on when its caller is gone.
    @Test(.needs(controller: Host.isUnified ? "pids" : "freezer")) func leavesNothingWhenItIsKilledAsItWaitsForTheResume() throws
    {
        let container = try resting { $0.drop(namespace: "pid") }
        #expect(try container.bundle.sandbox.runtime("pause", container.id).succeeded)
        let exec = try container.joining(["touch", "/tmp/ran"], options: ["--ignore-paused"]).start()
        usleep(100_000)
        exec.signal(SIGKILL)
        #expect(try exec.finish().ending == .killed(by: SIGKILL))
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        try eventually("the end of what was waiting") {
            Cgroup.processes(container.bundle.cgroup).allSatisfy { $0 == container.pid || waitpid($0, nil, WNOHANG) != 0 }
        }
        #expect(!exists(container.bundle.rootfs + "/tmp/ran"))
    }

    @Test func endsWithTheContainer() throws {
        let container = try resting()
        let exec = try container.joining(["sh", "-c", "echo ready; sleep 1000"]).start()
        try eventually("the program's output") { exec.output.text == "ready\n" }
        try container.kill("KILL")
        #expect(try exec.finish().ending == .exited(128 + SIGKILL))
        #expect(try container.wait() == .killed(by: SIGKILL))
    }

    @Test func isForgottenByTheStateAndLeavesTheContainerRunning() throws {
        let container = try resting()
        let before = try container.state()
        #expect(try container.exec("true").succeeded)
        #expect(try container.exec("no-such-program").ending == .exited(255))
        #expect(try container.state() == before)
    }

    @Test func deleteByForceEndsDetachedProgramsToo() throws {
        let container = try resting { $0.drop(namespace: "pid") }
        let path = container.bundle.path + "/exec.pid"
        #expect(try container.exec("sleep", "1000", options: ["--detach", "--pid-file", path]).succeeded)
        let pid = try #require(pid_t(read(path)))
        try container.delete("--force")
        #expect(try reap(pid) == .killed(by: SIGKILL))
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test func manyAtOnceAllRun() throws {
        let count = 8
        let container = try resting()
        for _ in 0..<4 {
            let running = try (0..<count).map {
                try container.joining(["sh", "-c", "echo \($0); test -e /proc/1 && exit \($0)"]).start()
            }
            for (index, exec) in running.enumerated() {
                let finished = try exec.finish()
                #expect(finished.ending == .exited(Int32(index)), "\(finished)")
                #expect(finished.output == "\(index)\n")
            }
        }
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }

    @Test func manyAtOnceAsTheContainerIsKilledAllEnd() throws {
        let container = try resting()
        let running = try (0..<8).map { _ in try container.joining(["sleep", "1000"]).start() }
        usleep(10_000)
        try container.kill("KILL")
        for exec in running {
            let finished = try exec.finish()
            if finished.ending == .exited(255) {
                #expect(finished.message.says("cannot exec in a stopped container"))
            } else {
                #expect(finished.ending == .exited(128 + SIGKILL), "\(finished)")
            }
        }
        #expect(try container.wait() == .killed(by: SIGKILL))
        try container.delete()
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    // The joining process is frozen with the container, but its caller isn't.
    @Test(.needs(controller: "freezer"), arguments: [SIGTERM, SIGINT]) func execIntoAPausedContainerEndsByASignal(signal: Int32)
        throws
    {
        let container = try resting()
        #expect(try container.bundle.sandbox.runtime("pause", container.id).succeeded)
        let exec = try container.joining(["true"], options: ["--ignore-paused"]).start()
        usleep(200_000)
        #expect(!exec.hasEnded)
        exec.signal(signal)
        let finished = try exec.finish(within: 10)
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(finished.errors.says("interrupted by signal \(signal) in step"))
        #expect(try container.bundle.sandbox.runtime("resume", container.id).succeeded)
        #expect(try container.output(ofScript: "echo ran") == "ran\n")
    }
}
