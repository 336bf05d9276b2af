import CHarness
import Testing

// On cgroup v1 systemd removes every empty cgroup in the hierarchy of a controller, and takes all processes out of theirs, when
// the first unit begins to use the controller or the last one ceases to: for blkio with each unit that has an IOWeight. These
// tests do the same to one container.
@Suite("cgroups that another program removes", .needsRoot, .needsLegacyCgroups, .needs(controller: "blkio"), .sandboxed)
struct LostCgroupTests {
    private func directory(_ bundle: Bundle) throws -> String {
        try #require(Cgroup.directory("blkio", bundle.cgroup))
    }

    private func root() throws -> String { try #require(Cgroup.directory("blkio", "")) }

    /// Runs a command and removes the container's cgroup as often as given, as soon as it's empty.
    ///
    /// - Returns: How the command ended, and how often the cgroup was removed before.
    private func run(_ command: Command, removing directory: String, times: Int, emptying: Bool = false) throws
        -> (finished: Finished, removals: Int)
    {
        let running = try command.start()
        var removals = 0
        while removals < times, !running.hasEnded {
            for _ in 0..<500 where removals < times {
                if rmdir(directory) == 0 {
                    removals += 1
                } else if emptying, h_errno_now() == EBUSY {
                    for process in read(directory + "/tasks").words { try? write(process, to: root() + "/tasks") }
                }
            }
        }
        return (try running.finish(), removals)
    }

    /// Creates containers until the cgroup of one of them has been removed meanwhile. Then checks that container.
    private func createLosingTheCgroup(
        times: Int = 1, emptying: Bool = false, _ configure: (inout JSON) -> Void = { _ in },
        _ check: (Bundle, Container) throws -> Void
    ) throws {
        for _ in 0..<50 {
            let bundle = try Bundle(configure)
            let (finished, removals) = try run(
                try bundle.command("create"), removing: directory(bundle), times: times, emptying: emptying)
            try #require(finished.succeeded, "\(removals) removals: \(finished)")
            let container = try Container(of: bundle)
            if removals == times { return try check(bundle, container) }
            try container.delete("--force")
        }
        Issue.record("no cgroup was empty for long enough to be removed \(times) times")
    }

    @Test(arguments: [1, 2]) func emptyOneIsMadeAgain(times: Int) throws {
        try createLosingTheCgroup(times: times, { $0.linux.resources.pids.limit = 7 }) { bundle, container in
            #expect(Cgroup.directories(bundle.cgroup).count == Cgroup.hierarchies.count)
            #expect(read(try directory(bundle) + "/tasks").words == [String(container.pid)])
            #expect(read(Cgroup.directory("pids", bundle.cgroup)! + "/pids.max").trimmed == "7")
            try container.start()
            try container.delete("--force")
            #expect(Cgroup.directories(bundle.cgroup).isEmpty)
        }
    }

    // The hooks run once only, and the poststop hooks not before the container is deleted.
    @Test func hooksDoNotRunAgain() throws {
        let log = try Sandbox.current.directory + "/hooks"
        let kinds = ["createRuntime", "createContainer", "poststop"]
        try createLosingTheCgroup({
            for kind in kinds {
                $0.hooks[kind] = [["path": "/bin/sh", "args": ["sh", "-c", .string("echo \(kind) >>\(log)")]]]
            }
        }) { _, container in
            try container.delete()
            // Of each container that was created until one lost its cgroup.
            let lives = read(log).lines.count / kinds.count
            #expect(read(log).lines == Array(repeating: kinds, count: lives).flatMap { $0 })
        }
    }

    // Init is taken out of its cgroup again before it mounts it.
    @Test func containerThatShowsItsCgroupsIsCreated() throws {
        try createLosingTheCgroup(
            emptying: true,
            {
                for number in 0..<100 { $0.mounts.append(.mount("/tmp/m\(number)", type: "tmpfs", source: "tmpfs")) }
                $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["ro"]))
            }
        ) { _, container in
            try container.start()
        }
    }

    /// Takes a container's process out of its cgroup and removes that.
    private func takeAway(_ container: Container) throws {
        let directory = try directory(container.bundle)
        for process in read(directory + "/tasks").words { try write(process, to: root() + "/tasks") }
        guard rmdir(directory) == 0 else { throw HarnessFailure.system("rmdir \(directory)") }
    }

    // With a limit of 1, exec makes the process outside of the cgroups and moves it.
    @Test(arguments: [0, 1]) func execJoinsTheContainersProcess(limit: Int) throws {
        let container = try resting { if limit > 0 { $0.linux.resources.pids.limit = .number(limit) } }
        try takeAway(container)
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec("sleep", "1000", options: ["--detach", "--pid-file", path])
        try #require(finished.succeeded, "\(finished)")
        let pid = try #require(pid_t(read(path)))
        container.bundle.sandbox.willEnd(pid)
        #expect(read("/proc/\(pid)/cgroup") == read("/proc/\(container.pid)/cgroup"))
    }

    @Test func otherCommandsWork() throws {
        let container = try resting()
        try takeAway(container)
        let id = container.id
        let runtime = container.bundle.sandbox
        for arguments in [
            ["ps", id], ["events", "--stats", id], ["update", "--pids-limit", "9", id], ["pause", id], ["resume", id],
            ["kill", id, "KILL"],
        ] {
            let finished = try runtime.command(arguments).run()
            #expect(finished.succeeded, "\(finished)")
        }
        try container.delete("--force")
        #expect(Cgroup.directories(container.bundle.cgroup).isEmpty)
    }
}
