import CHarness
import Testing

/// What a container says by sd_notify(3) reaches the host's service manager.
@Suite("notifications", .needsRoot, .sandboxed)
struct NotifyTests {
    /// How a `run` ended, and what the manager was told, without the last barrier, which is the command's own.
    private func run(_ bundle: Bundle, _ options: [String] = [], _ manager: ServiceManager) throws -> (
        finished: Finished, told: [String]
    ) {
        var command = try bundle.command("run", options)
        command.environment.append(manager.variable)
        return try finish(try command.start(), manager)
    }

    private func finish(_ running: RunningCommand, _ manager: ServiceManager) throws -> (finished: Finished, told: [String]) {
        var told = try manager.messages(until: running)
        if !told.isEmpty { #expect(told.removeLast() == "BARRIER=1", "systemd must read the messages while their sender lives") }
        return (try running.finish(), told)
    }

    private func start(_ container: Container, _ manager: ServiceManager) throws -> RunningCommand {
        var command = container.bundle.sandbox.command(["start", container.id])
        command.environment.append(manager.variable)
        return try command.start()
    }

    @Test func foregroundRunPassesOnAllMessages() throws {
        let bundle = try Bundle { $0.runs("probe notify 'STATUS=half way' READY=1 WATCHDOG=1; probe notify STOPPING=1") }
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, [], manager)
        #expect(finished.succeeded, "\(finished)")
        #expect(told == ["STATUS=half way", "READY=1", "WATCHDOG=1", "STOPPING=1"])
    }

    @Test func abstractSocketIsReached() throws {
        let bundle = try Bundle { $0.runs("probe notify READY=1") }
        let manager = try ServiceManager("@" + bundle.id + "-manager")
        let (finished, told) = try run(bundle, [], manager)
        #expect(finished.succeeded && told == ["READY=1"], "\(finished)")
    }

    // systemd then watches the container's process instead of the command, which has ended.
    @Test func detachedRunWaitsForTheContainerAndNamesItsProcess() throws {
        let bundle = try Bundle { $0.runs("sleep 0.5; probe notify STATUS=soon; probe notify READY=1; exec sleep 1000") }
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, ["--detach"], manager)
        #expect(finished.succeeded, "\(finished)")
        let pid = try Container(of: bundle, finished).pid
        #expect(told == ["STATUS=soon", "READY=1\nMAINPID=\(pid)"])
    }

    @Test func startWaitsForTheContainer() throws {
        let bundle = try Bundle { $0.runs("sleep 0.5; probe notify READY=1; exec sleep 1000") }
        let manager = try ServiceManager(of: bundle)
        let container = try bundle.create { $0.environment.append(manager.variable) }
        #expect(manager.arrived().isEmpty)
        let (finished, told) = try finish(start(container, manager), manager)
        #expect(finished.succeeded && told == ["READY=1\nMAINPID=\(container.pid)"], "\(finished)")
    }

    // systemd-notify(1) sends one after each message, and fails if it isn't lifted.
    @Test func barrierOfAContainerThatIsReadyIsPassedOn() throws {
        let bundle = try Bundle { $0.runs("probe notify READY=1 BARRIER=1 && echo lifted; exec sleep 1000") }
        let manager = try ServiceManager(of: bundle)
        let container = try bundle.create { $0.environment.append(manager.variable) }
        let running = try start(container, manager)
        #expect(try manager.next().text == "READY=1\nMAINPID=\(container.pid)")
        let barriers = [try manager.next(), try manager.next()]
        #expect(barriers.allSatisfy { $0.text == "BARRIER=1" && $0.hasDescriptor }, "\(barriers)")
        #expect(try running.finish().succeeded)
        try container.waitFor("lifted")
    }

    // A manager that is busy must not keep `run` from signals and the terminal.
    @Test func managerThatDoesNotReadKeepsNothingUp() throws {
        // More than the manager's socket holds: net.unix.max_dgram_qlen of unix(7).
        let room = Int(read("/proc/sys/net/unix/max_dgram_qlen").trimmed) ?? 10
        let atOnce = max(1, room / 8)
        let messages = Array(repeating: "STATUS=a", count: atOnce).joined(separator: " ")
        let bundle = try Bundle {
            $0.runs("trap 'echo signalled; exit 5' USR1; while :; do probe notify \(messages) & wait $!; echo said; done")
        }
        let manager = try ServiceManager(of: bundle)
        var command = try bundle.command("run")
        command.environment.append(manager.variable)
        let running = try command.start()
        try eventually("the manager's socket is full") { running.output.text.lines.count * atOnce > room + 2 }
        running.signal(SIGUSR1)
        try eventually("the signal arrives") { running.output.text.contains("signalled") }
        let (finished, told) = try finish(running, manager)
        #expect(finished.ending == .exited(5), "\(finished)")
        let said = finished.output.lines.filter { $0 == "said" }.count * atOnce
        #expect(told.count >= said && told.allSatisfy { $0 == "STATUS=a" }, "none is lost: \(told.count) of \(said)")
    }

    @Test func placeThatCannotBeMadeIsNamed() throws {
        let bundle = try Bundle { $0.runs("exit 0") }
        try write("a file", to: bundle.rootfs + "/run/notify")
        let manager = try ServiceManager(of: bundle)
        var command = try bundle.command("create")
        command.environment.append(manager.variable)
        let message = try bundle.refusal(by: command)
        #expect(message.says("NOTIFY_SOCKET (/run/notify): "), "\(message)")
        #expect(!message.contains("/mounts/"))
    }

    @Test func containerThatEndsWithoutAWordIsNotWaitedFor() throws {
        let bundle = try Bundle { $0.runs("exit 3") }
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, ["--detach"], manager)
        #expect(finished.succeeded && told.isEmpty, "\(finished) \(told)")
    }

    @Test func containerCanBeEndedWhileStartWaits() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        let manager = try ServiceManager(of: bundle)
        let container = try bundle.create { $0.environment.append(manager.variable) }
        let start = try start(container, manager)
        try eventually("the container runs") { try container.state().status == "running" }
        try container.delete("--force")
        #expect(try start.finish().succeeded)
    }

    // The container could make a process of the host's the service's main one, or admit others as senders.
    @Test func whatConcernsTheHostIsNotPassedOn() throws {
        let long = String(repeating: "x", count: 4090)
        let bundle = try Bundle {
            $0.runs(
                """
                probe notify MAINPID=1 "$(printf 'MAINPID=1\\nSTATUS=a')" NOTIFYACCESS=all "$(printf 'STATUS=\\033[2J')" \
                STATUS=\(long) junk '' READY=1
                """)
        }
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, [], manager)
        #expect(finished.succeeded, "\(finished)")
        #expect(told == ["STATUS=a", "READY=1"])
    }

    @Test func descriptorsComeAlongWhereTheManagerTakesThem() throws {
        let bundle = try Bundle {
            $0.runs("probe notify \"$(printf 'FDSTORE=1\\nFDNAME=a')\" FDSTOREREMOVE=1 </dev/null; probe notify BARRIER=1")
        }
        let manager = try ServiceManager(of: bundle)
        var command = try bundle.command("run")
        command.environment.append(manager.variable)
        let running = try command.start()
        let stored = try manager.next()
        #expect(stored == ("FDSTORE=1\nFDNAME=a", true), "\(stored)")
        let removed = try manager.next()
        #expect(removed.text == "FDSTOREREMOVE=1" && !removed.hasDescriptor)
        let barrier = try manager.next()
        #expect(barrier.text == "BARRIER=1" && barrier.hasDescriptor)
        #expect(try finish(running, manager).finished.succeeded, "the barrier is lifted")
    }

    @Test(arguments: [false, true]) func eachUserCanSend(inUserNamespace: Bool) throws {
        let bundle = try Bundle {
            if inUserNamespace { $0.mapUsers() }
            $0.process.user = ["uid": 1000, "gid": 1000]
            $0.runs("probe notify READY=1")
        }
        // The mapped root may not make it.
        try makeDirectory(bundle.rootfs + "/run/notify")
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, [], manager)
        #expect(finished.succeeded, "\(finished)")
        #expect(told == ["READY=1"])
    }

    @Test func socketCannotBeReplaced() throws {
        let bundle = try Bundle {
            $0.runs("rm /run/notify/notify.sock; touch /run/notify/x; ls /run/notify/..; probe notify READY=1")
        }
        let manager = try ServiceManager(of: bundle)
        let (finished, told) = try run(bundle, [], manager)
        #expect(finished.output == "notify\n", "\(finished)")
        #expect(told == ["READY=1"])
    }

    // podman makes such a socket itself.
    @Test func socketOfTheEngineIsLeftAlone() throws {
        let bundle = try Bundle {
            $0.process.env.append("NOTIFY_SOCKET=/run/other.sock")
            $0.runs("echo $NOTIFY_SOCKET; ls /run")
        }
        let finished = try run(bundle, [], try ServiceManager(of: bundle)).finished
        #expect(finished.output == "/run/other.sock\n", "\(finished)")
    }

    @Test func checkpointIsRefused() throws {
        let bundle = try Bundle { $0.runs("probe notify READY=1; exec sleep 1000") }
        let manager = try ServiceManager(of: bundle)
        #expect(try run(bundle, ["--detach"], manager).finished.succeeded)
        let refused = try bundle.sandbox.runtime("checkpoint", "--image-path", bundle.path + "/image", bundle.id)
        #expect(refused.errors.contains("a container with a socket for sd_notify(3) can't be checkpointed"), "\(refused)")
    }

    @Test func withoutAManagerTheContainerHasNoSocket() throws {
        let bundle = try Bundle { $0.runs("echo ${NOTIFY_SOCKET-none}; ls /run") }
        #expect(try bundle.output() == "none\n")
    }

    @Test func managerThatIsGoneIsAWarning() throws {
        let bundle = try Bundle { $0.runs("exit 0") }
        var command = try bundle.command("run", ["--detach"], global: ["--debug"])
        command.environment.append("NOTIFY_SOCKET=/nowhere/socket")
        let finished = try command.run()
        #expect(finished.succeeded)
        #expect(
            finished.errors.contains("the service manager can't be reached over NOTIFY_SOCKET: no such file"), "\(finished)")
    }
}
