import CHarness
import Testing

/// The bus or systemd fails. The tests have a bus of their own, and so need no systemd.
@Suite("failures of systemd", .needsRoot, .sandboxed)
struct SystemdFailureTests {
    private func bundle() throws -> Bundle {
        try Bundle.inUnit { $0.linux.resources.pids.limit = 100 }
    }

    /// The message of a create that fails, and the bus.
    private func refusal(
        _ behavior: FakeBus.Behavior, within seconds: Double = Command.deadline, by bundle: Bundle? = nil,
        adjusting adjust: (inout Command) -> Void = { _ in }
    ) throws -> (message: String, bundle: Bundle, calls: [String]) {
        let bundle = try bundle ?? self.bundle()
        let bus = try FakeBus(behavior, for: bundle)
        var command = try bundle.command("create", global: Bundle.systemd)
        bus.serve(&command)
        adjust(&command)
        let running = try command.start()
        try bus.work(until: { running.hasEnded }, within: seconds)
        let finished = try running.finish()
        #expect(finished.ending == .exited(1), "\(finished)")
        try expectNothing(of: bundle)
        return (finished.message, bundle, bus.calls)
    }

    private func createThatWaitsForTheBus() throws -> (bundle: Bundle, bus: FakeBus, running: RunningCommand) {
        let bundle = try bundle()
        let bus = try FakeBus(.hangs, for: bundle)
        var command = try bundle.command("create", global: Bundle.systemd)
        bus.serve(&command)
        let running = try command.start()
        try bus.work(until: { bus.isAsked })
        return (bundle, bus, running)
    }

    private func expectNothing(of bundle: Bundle) throws {
        // Init has wherry's command line until it becomes the container's program. That of a zombie is empty. After a kill of
        // create, the process that prepares the kernel may still wait for that.
        try eventually("no process is left") {
            !entries(of: "/proc").contains { Int($0) != nil && read("/proc/\($0)/cmdline").contains(bundle.path) }
        }
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        #expect(Cgroup.directories("/system.slice/" + bundle.unit.name).isEmpty)
    }

    /// Otherwise systemd would wait for the kernel when it moves the container's first process. A process that has ended and
    /// isn't reaped yet tells how it ended: exit_code in proc_pid_stat(5).
    @Test func kernelIsPreparedForTheMoveBeforeTheBusAnswers() throws {
        let (bundle, bus, running) = try createThatWaitsForTheBus()
        let isPrepared = {
            read("/proc/\(running.pid)/task/\(running.pid)/children").words.contains { child in
                let fields = read("/proc/\(child)/stat").words
                return fields.count == 52 && fields[2] == "Z" && fields[51] == "0"
            }
        }
        try bus.work(until: { isPrepared() || running.hasEnded })
        #expect(isPrepared())
        running.signal(SIGKILL)
        try bus.work(until: { running.hasEnded })
        _ = try running.finish()
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        try expectNothing(of: bundle)
    }

    /// The process that prepares the kernel isn't reaped yet when the first process is made.
    @Test(.needsLegacyCgroups, .needs(controller: "pids")) func callerThatMayHaveOnlyOneMoreProcessIsNoError() throws {
        let bundle = try bundle()
        defer { Cgroup.remove(bundle.cgroup + "-caller") }
        let (message, _, calls) = try refusal(.refusesStart, by: bundle) { command in
            let directory = "/sys/fs/cgroup/pids" + bundle.cgroup + "-caller"
            command.wrap(in: "mkdir -p \(directory); echo 2 >\(directory)/pids.max; echo $$ >\(directory)/cgroup.procs")
        }
        #expect(message.says("not today") && calls.contains("StartTransientUnit"), "\(message)")
    }

    @Test func busThatRejectsTheUserIsTheReason() throws {
        let (message, bundle, _) = try refusal(.rejects)
        #expect(
            message.says(
                "can't start unit \"\(bundle.unit.name)\": can't authenticate to D-Bus: it doesn't accept this user"))
    }

    @Test func busThatClosesIsTheReason() throws {
        let message = try refusal(.closes).message
        #expect(message.says("to D-Bus") && message.says("closed"))
    }

    @Test func busThatClosesWhileTheUnitStartsIsTheReason() throws {
        let (message, bundle, calls) = try refusal(.closesAtStart)
        #expect(message.says("can't start unit \"\(bundle.unit.name)\": the connection to D-Bus was closed"))
        #expect(calls.contains("StartTransientUnit"))
    }

    @Test func refusalOfTheUnitIsTheReason() throws {
        let (message, bundle, _) = try refusal(.refusesStart)
        let reason = "D-Bus error org.freedesktop.DBus.Error.AccessDenied: not today"
        #expect(message.says("can't start unit \"\(bundle.unit.name)\": " + reason))
    }

    @Test func jobThatFailsIsTheReason() throws {
        let (message, bundle, calls) = try refusal(.failsJob)
        #expect(message.says("systemd couldn't start unit \"\(bundle.unit.name)\": the result of its job is \"failed\""))
        #expect(message.says("journalctl -u \(bundle.unit.name)"))
        #expect(!calls.contains("StopUnit"), "there is no unit of ours to stop: \(calls)")
    }

    @Test(
        .enabled(if: Long.isWanted, "half a minute, with WHERRY_LONG only"),
        arguments: [FakeBus.Behavior.hangs, .hangsAtStart, .hangsInTheJob])
    func busThatHangsIsGivenUp(behavior: FakeBus.Behavior) throws {
        let start = secondsOfClock()
        let (message, bundle, _) = try refusal(behavior, within: 90 + Command.deadline)
        let step = behavior == .hangs ? "authenticate to D-Bus" : "start unit \"\(bundle.unit.name)\""
        #expect(message.says("can't \(step): no answer over D-Bus in time"))
        #expect((29...90).contains(Int(secondsOfClock() - start)))
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGKILL]) func createThatWaitsForTheBusCanBeEnded(signal: Int32) throws {
        let (bundle, bus, running) = try createThatWaitsForTheBus()
        running.signal(signal)
        try bus.work(until: { running.hasEnded })
        #expect(try running.finish().ending == .killed(by: signal))
        let deleted = try bundle.sandbox.runtime("delete", "--force", bundle.id)
        #expect(deleted.succeeded, "\(deleted)")
        try expectNothing(of: bundle)
    }
}

/// Tests that take too long for every day.
enum Long {
    static let isWanted = getenv("WHERRY_LONG") != nil
}

/// What containers in units could leave behind, one by one unnoticed.
@Suite("repetition with systemd", .needsRoot, .needsSystemd, .sandboxed)
struct SystemdRepetitionTests {
    /// Numbers of this whole machine, on which other tests may be at work.
    private static func counts() throws -> [String: Int] {
        var counts = [
            "units": try Unit.run("list-units", "--all", "--no-legend", "--plain").lines.count,
            "mounts": Mount.table(read("/proc/1/mountinfo")).count,
            "directories of cgroups": cgroups(),
        ]
        counts["BPF programs"] = programs()
        return counts
    }

    private static func cgroups() -> Int {
        let line = read("/sys/fs/cgroup/cgroup.stat").lines.first { $0.hasPrefix("nr_descendants ") }
        if let line { return Int(line.words[1]) ?? 0 }
        return read("/proc/cgroups").lines.first { $0.hasPrefix("pids\t") }.flatMap { Int($0.words[2]) } ?? 0
    }

    /// All BPF programs in the kernel: the command BPF_PROG_GET_NEXT_ID of bpf(2). nil if it isn't allowed.
    private static func programs() -> Int? {
        var count = 0
        // start_id, next_id, open_flags
        var attributes: [UInt32] = [0, 0, 0]
        while true {
            let result = attributes.withUnsafeMutableBytes {
                h_call(321, 11, UInt(bitPattern: $0.baseAddress), UInt($0.count))
            }
            guard result == 0 else { return h_errno_now() == ENOENT ? count : nil }
            count += 1
            attributes[0] = attributes[1]
        }
    }

    @Test func nothingAddsUp() throws {
        let rounds = Long.isWanted ? 200 : 20
        let bundle = try Bundle.inUnit { $0.linux.resources.pids.limit = 100 }
        let before = try Self.counts()
        for _ in 0..<rounds {
            let container = try bundle.startInUnit()
            try container.delete("--force")
            _ = try container.wait()
        }
        // Other tests have some of each too, but nothing like one for every round.
        var after: [String: Int] = [:]
        try eventually("as few as before: \(before)") {
            after = try Self.counts()
            return before.allSatisfy { (after[$0.key] ?? 0) < $0.value + rounds / 2 }
        }
        print("\(rounds) containers in units: before \(before), after \(after)")
        if before["BPF programs"] == nil { print("BPF programs can't be counted here") }
        #expect(try !bundle.unit.isKnown())
        #expect(try Unit.run("list-units", "--all", "--no-legend", "--plain", bundle.unit.name).isEmpty)
        #expect(Cgroup.directories("/system.slice/" + bundle.unit.name).isEmpty)
        #expect(!read("/proc/1/mountinfo").contains(bundle.path))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
    }
}
