import CHarness
import Testing

/// A command dies or fails at each of its system calls in turn, and at each call of the processes that it makes.
@Suite("faults at every system call", .needsRoot, .sandboxed, .serialized)
struct FaultTests {
    /// One run with a fault.
    struct Run: CustomStringConvertible {
        let call: Int
        /// Whether the command's own process made the call, and not a process that it has made.
        let inProgram: Bool
        let finished: Finished

        var description: String { "at call \(call), \(inProgram ? "of the command" : "of its child"): \(finished)" }
    }

    /// The distance between two calls that get a fault: 1 is every call.
    private static let chosenStride = getenv("WHERRY_TEST_STRIDE").flatMap { Int(String(cString: $0)) }
    private static let stride = chosenStride ?? 1

    /// Runs a command again and again, with a fault at the first, second, … system call, until the command makes fewer calls.
    private func atEachCall(
        _ fault: (Int) -> String, every stride: Int = stride, of command: () throws -> Command, check: (Run) throws -> Void
    ) throws {
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
            call += stride
        }
        #expect(call > 10, "so few system calls can't be all")
    }

    /// A container with something of every kind that must be undone.
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

    /// Checks that `delete --force` removes everything that is left of a container, so that its id is free.
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

    // A failed check of Swift's ends the program by SIGILL, or on arm64 by SIGTRAP. The handler treats both alike.
    @Test func runThatTrapsSaysSoAndLeavesNothing() throws {
        let bundle = try bundle()
        var silent = 0
        try atEachCall({ _ in "trap" }, of: { try bundle.command("run") }) { run in
            // Before the handler is installed, and in the container's program, the process just ends by the signal.
            if run.finished.ending != .exited(1) { silent += 1 } else { #expect(!run.finished.errors.isEmpty, "\(run)") }
            try expectConvergence(bundle, after: run)
        }
        #expect(silent < 80 / Self.stride + 5, "traps that nobody was told of")
    }

    /// The current hour in UTC, as the beginning of an RFC 3339 time.
    private static func hour() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        let two = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
        return "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour))"
    }

    @Test(arguments: ["json", "text"]) func trapIsInTheLogToo(format: String) throws {
        let bundle = try bundle()
        let log = bundle.path + "/log"
        let before = Self.hour()
        var command = try bundle.command("run", global: ["--log", log, "--log-format", format])
        let mark = Capture()
        command.arguments = [Workspace.probe, "inject", "trap", "50"] + command.arguments
        command.descriptors[9] = mark.descriptor
        #expect(try command.run().ending == .exited(1))
        try #require(mark.text.words.first == "program", "the log is open by then, and the container's process isn't there yet")
        let line = read(log)
        let message = try format == "json" ? JSONParser.parse(line).msg.text ?? "" : line
        #expect(message.contains("internal error in step ") && message.contains(", signal 04"), "\(line)")
        let written = format == "json" ? try JSONParser.parse(line).time.text ?? "" : String(line.dropFirst(6).prefix(20))
        #expect(written.count == 20 && written.hasSuffix("Z"), "\(line)")
        #expect([before, Self.hour()].contains { written.hasPrefix($0) }, "\(line)")
        try expectConvergence(bundle, after: Run(call: 50, inProgram: true, finished: try bundle.sandbox.runtime("list")))
    }

    // The container's mounts are made in the host's mount namespace.
    @Test(arguments: ["kill", "error"]) func createWithoutAMountNamespaceLeavesNoMounts(fault: String) throws {
        let bundle = try bundle()
        bundle.config.linux.maskedPaths = .null
        bundle.config.drop(namespace: "mount")
        let error = { (call: Int) in Self.errors[call % Self.errors.count] }
        try atEachCall({ fault == "kill" ? fault : "error:\(error($0))" }, of: { try bundle.command("create") }) { run in
            if fault == "error", !run.finished.succeeded, run.call > 2 {
                let mounts = Mount.table().filter { $0.path.hasPrefix(bundle.path) }
                #expect(mounts.isEmpty || exists(bundle.sandbox.root + "/" + bundle.id), "\(run)")
            }
            try expectConvergence(bundle, after: run)
        }
    }

    @Test func createThatIsKilledLeavesNothing() throws {
        let bundle = try bundle()
        let directory = bundle.path + "/run"
        try makeDirectory(directory)
        try atEachCall(
            { _ in "kill" },
            of: {
                // The pid file of an earlier container must be replaced.
                try write("1", to: directory + "/pid")
                return try bundle.command("create", ["--pid-file", directory + "/pid"])
            }
        ) { run in
            try expectConvergence(bundle, after: run)
            let files = entries(of: directory)
            #expect(files.isEmpty || files == ["pid"], "\(run)")
            for file in files { unlink(directory + "/" + file) }
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

    // A command that fails must say so, and undo by itself what it has done.
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

    // Host clones Init inside the joined namespace, where the host's cgroups can't be found.
    @Test func createThatFailsInAJoinedNamespaceUndoesItself() throws {
        let holder = try Namespaces(["mount"])
        let hide = ["nsenter", "--mount=" + holder.path("mount"), "mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup"]
        let hidden = try Command(hide).run()
        try #require(hidden.succeeded, "\(hidden)")
        let bundle = try bundle()
        bundle.config.mapUsers()
        bundle.config.join(namespace: "mount", at: holder.path("mount"))
        var failures: Set<String> = []
        // Certain calls must fail, so none is left out.
        try atEachCall({ _ in "error:\(EIO)" }, every: 1, of: { try bundle.command("create") }) { run in
            for failure in ["can't be made", "can't be joined", "can't return to its own namespaces"]
            where run.finished.errors.contains("namespace") && run.finished.errors.contains(failure) {
                failures.insert(failure)
                if let left = bundle.sandbox.leftovers(of: bundle.id) { Issue.record("left: \(left)\n\(run)") }
            }
            try expectConvergence(bundle, after: run)
        }
        // Init's calls count too, and run beside Host's: so the call by which Host returns isn't hit in each run.
        #expect(failures.isSuperset(of: ["can't be made", "can't be joined"]), "\(failures)")
    }

    @Test func startThatFailsDeletesTheContainer() throws {
        let bundle = try bundle()
        let error = { (call: Int) in Self.errors[call % Self.errors.count] }
        try atEachCall(
            { "error:\(error($0))" },
            of: {
                let container = try bundle.create()
                return container.bundle.sandbox.command(["start", bundle.id])
            }
        ) { run in
            if !run.finished.succeeded, run.call > 2 {
                #expect(!run.finished.errors.isEmpty, "errno \(error(run.call)) \(run)")
            }
            try expectConvergence(bundle, after: run)
        }
    }

    @Test(arguments: ["kill", "error"]) func execThatGoesWrongLeavesTheContainerAlone(fault: String) throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        let bundle = container.bundle
        let error = { (call: Int) in Self.errors[call % Self.errors.count] }
        try atEachCall(
            { fault == "kill" ? fault : "error:\(error($0))" },
            of: { bundle.sandbox.command(["exec", bundle.id, "true"]) }
        ) { run in
            let why = "errno \(error(run.call)) \(run)"
            if fault == "error", !run.finished.succeeded, run.call > 2 { #expect(!run.finished.errors.isEmpty, "\(why)") }
            try eventually("the end of what exec made: \(why)") { Cgroup.processes(bundle.cgroup) == [container.pid] }
            #expect(try container.status() == "running", "\(why)")
        }
        try container.delete("--force")
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // A caller that hears of success forgets the container. So a delete that fails must say so and be repeatable, and no other
    // process may end.
    @Test(arguments: 0..<3) func deleteThatFailsForgetsNothing(round: Int) throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        let error = { (call: Int) in Self.errors[(call + round * 3) % Self.errors.count] }
        try atEachCall(
            { "error:\(error($0))" },
            of: {
                _ = try bundle.start()
                return bundle.sandbox.command(["delete", "--force", bundle.id])
            }
        ) { run in
            let why = "errno \(error(run.call)) \(run)"
            let left = bundle.sandbox.leftovers(of: bundle.id)
            if run.finished.succeeded {
                #expect(left == nil, "\(why)")
            } else if run.call > 2 {
                #expect(!run.finished.errors.isEmpty, "\(why)")
            }
            let isKnown = exists(bundle.sandbox.root + "/" + bundle.id + "/state.json")
            #expect(isKnown || Cgroup.processes(bundle.cgroup).isEmpty, "\(why)")
            try expectConvergence(bundle, after: run)
        }
    }

    // A caller that takes a running container for a stopped one may delete it.
    @Test(arguments: [["state"], ["list"], ["delete"], ["start"]]) func failureIsNotTakenForTheEndOfTheContainer(
        command: [String]
    ) throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        let bundle = container.bundle
        let arguments = command == ["list"] ? command : command + [bundle.id]
        let error = { (call: Int) in Self.errors[call % Self.errors.count] }
        var told = 0
        for round in 0..<2 {
            try atEachCall({ "error:\(error($0 + round * 7))" }, of: { bundle.sandbox.command(arguments) }) { run in
                let why = "errno \(error(run.call + round * 7)) \(run)"
                if run.finished.succeeded {
                    #expect(!run.finished.output.contains("stopped") && command != ["delete"], "\(why)")
                }
                #expect(!run.finished.errors.contains("has stopped"), "\(why)")
                if run.finished.errors.contains("can't tell whether the container's process \(container.pid) is there: ") {
                    told += 1
                }
                try #require(try container.status() == "running", "\(why)")
            }
        }
        #expect(told > 0 || Self.stride > 1)
        try container.delete("--force")
    }

    /// Paths that an image, or a volume shared with another container, may turn into a link while the container is being made.
    @Test(arguments: ["/data", "/data/deep", "/proc", "/dev", "/dev/pts", "/etc", "/srv", "/etc/secret"])
    func pathThatBecomesALinkLeadsNowhere(path: String) throws {
        let outside = try Sandbox.current.directory + "/outside"
        try makeDirectory(outside + "/deep")
        try write("canary", to: outside + "/canary", mode: 0o600)
        let before = try metadata(outside)
        let bundle = try Bundle {
            $0.mounts.append(.mount("/data/deep/mount", type: "tmpfs", source: "tmpfs"))
            $0.mounts.append(.mount("/dev/mqueue", type: "mqueue", source: "mqueue"))
            $0.linux.devices = [["type": "c", "path": "/etc/device", "major": 1, "minor": 3]]
            $0.linux.maskedPaths = ["/etc/secret", "/data/deep"]
            $0.linux.readonlyPaths = ["/etc"]
            $0.process.cwd = "/srv/here"
            $0.process.user.uid = 1000
            $0.runs("ls /copy")
        }
        // A source in the container's own root, which the image controls too.
        bundle.config.mounts.append(.mount("/copy", source: bundle.rootfs + "/data/deep", ["rbind"]))
        for directory in ["/data/deep", "/dev/pts", "/srv", "/etc"] { try makeDirectory(bundle.rootfs + directory) }
        try write("secret", to: bundle.rootfs + "/etc/secret")
        let link = bundle.path + "/link"
        try makeLink(link, to: outside)

        try atEachCall(
            { _ in "swap:\(bundle.rootfs + path):\(link)" }, every: Self.chosenStride ?? 4, of: { try bundle.command("run") }
        ) { run in
            let swapped = linkTarget(link) == nil
            #expect(!run.finished.output.contains("canary"), "\(run)")
            let after = try metadata(outside)
            let same = entries(of: outside) == ["canary", "deep"] && entries(of: outside + "/deep").isEmpty
            #expect(same && after.st_mode == before.st_mode && after.st_uid == before.st_uid, "\(run)")
            let canary = try metadata(outside + "/canary")
            #expect(read(outside + "/canary") == "canary" && canary.permissions == 0o600 && canary.st_uid == 0, "\(run)")
            #expect(!Mount.table().contains { $0.path.hasPrefix(outside) }, "\(run)")
            // Exchanged again for the next run.
            if swapped { #expect(h_exchange(bundle.rootfs + path, link) == 0) }
            try expectConvergence(bundle, after: run)
        }
    }
}
