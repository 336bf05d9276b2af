import CHarness
import Testing

/// A command that dies, or fails, at each of its system calls in turn, and at each of those of the processes that it makes.
@Suite("faults at every system call", .needsRoot, .sandboxed, .serialized)
struct FaultTests {
    /// One run with a fault.
    struct Run: CustomStringConvertible {
        let call: Int
        /// Whether the command's own process made the call, rather than one that it made.
        let inProgram: Bool
        let finished: Finished

        var description: String { "at call \(call), \(inProgram ? "of the command" : "of its child"): \(finished)" }
    }

    /// Every so many calls only, where the machine is slow.
    private static let stride = getenv("WHERRY_TEST_STRIDE").flatMap { Int(String(cString: $0)) } ?? 1

    /// Runs a command again and again, with a fault at the first, second, … system call, until it has fewer than that.
    private func atEachCall(_ fault: (Int) -> String, of command: () throws -> Command, check: (Run) throws -> Void) throws {
        var call = 1
        while true {
            var faulty = try command()
            let mark = Capture()
            faulty.arguments = [Workspace.probe, "inject", fault(call), String(call)] + faulty.arguments
            faulty.descriptors[9] = mark.descriptor
            let finished = try faulty.run()
            let words = mark.text.words
            guard let maker = words.first else { break }
            try check(Run(call: call, inProgram: maker == "program", finished: finished))
            call += Self.stride
        }
        #expect(call > 20, "so few system calls can't be all")
    }

    /// A container that has something of everything to be undone.
    private func bundle() throws -> Bundle {
        try Bundle {
            $0.linux.resources = [
                "memory": ["limit": 67_108_864], "pids": ["limit": 50], "devices": [["allow": false, "access": "rwm"]],
            ]
            $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs"))
            $0.linux.maskedPaths = ["/proc/kcore", "/etc"]
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["getpriority"], "action": "SCMP_ACT_ERRNO"]],
            ]
        }
    }

    /// That all which is left of a container is gone after `delete --force`, and its id free.
    private func expectConvergence(_ bundle: Bundle, after run: Run) throws {
        let deleted = try bundle.sandbox.runtime("delete", "--force", bundle.id)
        #expect(deleted.succeeded, "\(deleted)\n\(run)")
        if let left = bundle.sandbox.leftovers(of: bundle.id) {
            Issue.record("left: \(left)\n\(run)")
            Cgroup.remove(bundle.cgroup)
        }
        let mounts = Mount.table().filter { $0.path.hasPrefix(bundle.path) }
        #expect(mounts.isEmpty, "\(run)")
    }

    @Test func runThatIsKilledLeavesNothing() throws {
        let bundle = try bundle()
        try atEachCall({ _ in "kill" }, of: { try bundle.command("run") }) { run in
            try expectConvergence(bundle, after: run)
            if run.call % 20 == 1 {
                let again = try bundle.run()
                #expect(again.succeeded, "\(again)\n\(run)")
            }
        }
    }

    // SIGILL is what a trap of Swift's is.
    @Test func runThatTrapsSaysSoAndLeavesNothing() throws {
        let bundle = try bundle()
        var silent = 0
        try atEachCall({ _ in "trap" }, of: { try bundle.command("run") }) { run in
            // Before the handler is there, the signal itself has to do; so in the container's program.
            if run.finished.ending != .exited(1) { silent += 1 } else { #expect(!run.finished.errors.isEmpty, "\(run)") }
            try expectConvergence(bundle, after: run)
        }
        #expect(silent < 80 / Self.stride, "traps that nobody was told of")
    }

    @Test func createThatIsKilledLeavesNothing() throws {
        let bundle = try bundle()
        try atEachCall({ _ in "kill" }, of: { try bundle.command("create", ["--pid-file", bundle.path + "/pid"]) }) { run in
            try expectConvergence(bundle, after: run)
            #expect(!entries(of: bundle.path).contains { $0 != "pid" && $0.contains("pid") }, "no temporary file: \(run)")
        }
    }

    @Test func startThatIsKilledLeavesNothing() throws {
        let bundle = try bundle()
        try atEachCall(
            { _ in "kill" },
            of: {
                let container = try bundle.create()
                return container.bundle.sandbox.command(["start", bundle.id])
            }
        ) { run in try expectConvergence(bundle, after: run) }
    }

    @Test func deleteThatIsKilledCanBeRepeated() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        try atEachCall(
            { _ in "kill" },
            of: {
                _ = try bundle.start()
                return bundle.sandbox.command(["delete", "--force", bundle.id])
            }
        ) { run in try expectConvergence(bundle, after: run) }
    }

    private static let errors = [ENOMEM, EMFILE, ENOSPC, EIO, EPERM, ENOSYS, ENFILE, EACCES, EINTR, EAGAIN]

    // What fails must say so, and undo what was done by itself.
    @Test(arguments: 0..<3) func createThatFailsUndoesItself(round: Int) throws {
        let bundle = try bundle()
        let error = { (call: Int) in Self.errors[(call + round * 3) % Self.errors.count] }
        try atEachCall({ "error:\(error($0))" }, of: { try bundle.command("create") }) { run in
            let why = "errno \(error(run.call)) \(run)"
            #expect(run.finished.ending == .exited(0) || run.finished.ending == .exited(1) || run.call < 3, "\(why)")
            if !run.finished.succeeded, run.call > 2 {
                #expect(!run.finished.errors.isEmpty, "\(why)")
                if let left = bundle.sandbox.leftovers(of: bundle.id) { Issue.record("left: \(left)\n\(why)") }
            }
            try expectConvergence(bundle, after: run)
        }
    }
}
