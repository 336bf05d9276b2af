import CHarness
import Testing

@Suite("the state directory", .needsRoot, .sandboxed)
struct StateRootTests {
    @Test func isForTheOwnerAlone() throws {
        let container = try Bundle().create()
        let root = container.bundle.sandbox.root
        #expect(try metadata(root).permissions & 0o077 == 0)
        #expect(try metadata(root + "/" + container.id).permissions & 0o077 == 0)
        for name in entries(of: root + "/" + container.id) {
            #expect(try metadata(root + "/\(container.id)/\(name)").permissions & 0o022 == 0, "\(name)")
        }
    }

    @Test(arguments: [0o777, 0o770, 0o707]) func thatOthersMayWriteIsRefused(mode: mode_t) throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.sandbox.root)
        #expect(chmod(bundle.sandbox.root, mode) == 0)
        #expect(try bundle.refusal().says(bundle.sandbox.root))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
        chmod(bundle.sandbox.root, 0o700)
    }

    @Test func ofAnotherUserIsRefused() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.sandbox.root, mode: 0o700)
        #expect(chown(bundle.sandbox.root, 1000, 1000) == 0)
        #expect(try bundle.refusal().says(bundle.sandbox.root))
        chown(bundle.sandbox.root, 0, 0)
    }

    @Test func thatIsAFileIsRefused() throws {
        let bundle = try Bundle()
        try write("", to: bundle.sandbox.root)
        #expect(try bundle.refusal().says(bundle.sandbox.root))
        unlink(bundle.sandbox.root)
    }

    @Test func parentsAreMade() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        let root = bundle.sandbox.directory + "/a/b/c"
        let created = try Command([Workspace.runtime, "--root", root, "create", "--bundle", bundle.path, bundle.id]).run()
        #expect(created.succeeded, "\(created)")
        #expect(try Command([Workspace.runtime, "--root", root, "delete", "--force", bundle.id]).run().succeeded)
    }

    /// The regular files that the runtime keeps for a container.
    private func files(of container: Container) throws -> [String] {
        let directory = container.bundle.sandbox.root + "/" + container.id
        return try entries(of: directory).map { directory + "/" + $0 }.filter { try metadata($0).kind == .regular }
    }

    // A file that a crash or a full disk has cut short, or that somebody has put there.
    @Test(arguments: ["empty", "cut", "garbage", "huge", "fifo", "link", "missing"]) func damageIsReportedAndDeletedByForce(
        damage: String
    ) throws {
        let count = try files(of: Bundle().create()).count
        #expect(count > 0)
        for index in 0..<count {
            let container = try Bundle().create()
            // The process and the cgroup are removed first: the damaged file may be the one that tells where they are.
            kill(container.pid, SIGKILL)
            _ = try container.wait()
            Cgroup.remove(container.bundle.cgroup)
            let path = try files(of: container)[index]
            if damage == "huge" { #expect(truncate(path, 1 << 30) == 0) } else { try self.damage(path, damage) }
            let sandbox = container.bundle.sandbox
            for arguments in [["state", container.id], ["list"], ["start", container.id], ["kill", container.id, "KILL"]] {
                let finished = try sandbox.command(arguments).run()
                #expect(finished.ending == .exited(0) || finished.ending == .exited(1), "\(path): \(finished)")
            }
            let deleted = try sandbox.runtime("delete", "--force", container.id)
            #expect(deleted.succeeded, "\(path): \(deleted)")
            #expect(sandbox.leftovers(of: container.id) == nil, "\(path)")
        }
    }

    private static let damages = ["empty", "cut", "garbage", "flipped", "fifo", "link", "missing"]

    private func damage(_ path: String, _ kind: String) throws {
        let bytes = readBytes(path)
        unlink(path)
        switch kind {
        case "empty": try write("", to: path, mode: 0o600)
        case "cut": try write(Array(bytes.prefix(bytes.count / 2)), to: path, mode: 0o600)
        case "garbage": try write([UInt8](repeating: 0xAA, count: 300), to: path, mode: 0o600)
        case "flipped":
            // Another pid, which is as plausible as the right one.
            let text = String(decoding: bytes, as: UTF8.self)
            guard let range = text.firstRange(of: "\"pid\":") else { throw HarnessFailure("no pid in \(text)") }
            let digit = text[range.upperBound]
            try write(
                String(text[..<range.upperBound]) + (digit == "1" ? "2" : "1") + text[text.index(after: range.upperBound)...],
                to: path, mode: 0o600)
        case "fifo": #expect(mkfifo(path, 0o600) == 0)
        case "link": try makeLink(path, to: "/dev/zero")
        default: break
        }
    }

    // The second copy of the record names the process that still runs.
    @Test(arguments: damages, ["running", "created", "paused"]) func deleteByForceEndsWhatADamagedRecordNames(
        kind: String, status: String
    ) throws {
        let container = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs(arguments: ["sleep", "1000"])
        }.create()
        if status != "created" { try container.start() }
        let sandbox = container.bundle.sandbox
        if status == "paused" { #expect(try sandbox.runtime("pause", container.id).succeeded) }
        try damage(sandbox.root + "/\(container.id)/state.json", kind)
        for command in ["state", "delete", "kill", "start", "pause"] {
            let message = try container.refusal(of: command)
            #expect(message.says("the record of container \"\(container.id)\""), "\(command)")
            #expect(message.says(kind == "missing" ? " is missing" : " is damaged"), "\(command)")
            #expect(message.says("delete --force ends and removes what the record, or a copy of it, tells of"), "\(command)")
        }
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
        let deleted = try sandbox.runtime("delete", "--force", container.id)
        #expect(deleted.succeeded, "\(deleted)")
        #expect(deleted.message.says("the record of container \"\(container.id)\""))
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(sandbox.leftovers(of: container.id) == nil)
    }

    // With both copies damaged, nothing shows what belongs to the container. So delete must not say that nothing is left, and
    // must end no process.
    @Test(arguments: ["empty", "garbage", "missing"]) func deleteByForceOfWhatCannotBeKnownIsAnError(kind: String) throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        let sandbox = container.bundle.sandbox
        let directory = sandbox.root + "/" + container.id
        let kept = ["state.json", "record"].map { (directory + "/" + $0, readBytes(directory + "/" + $0)) }
        for (path, _) in kept { try damage(path, kind) }
        let message = try container.refusal(of: "delete", "--force")
        #expect(message.says("the record of container \"\(container.id)\""))
        #expect(
            message.says(
                "there is no whole copy of it: it isn't known whether processes, cgroups or mounts of the container are left"))
        #expect(message.says("its cgroup is \(container.bundle.cgroup.dropFirst()), which has the processes \(container.pid)"))
        #expect(message.says("then remove the directory \(directory)"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
        #expect(exists(directory + "/config.json"))
        for (path, bytes) in kept { try write(bytes, to: path, mode: 0o600) }
        #expect(try container.status() == "running")
        try container.delete("--force")
    }

    /// Writes a container's record as version 0.1.0 did, without a checksum and without the list of made things.
    private func ageRecord(of container: Container, _ change: (inout JSON) -> Void = { _ in }) throws {
        let directory = container.bundle.sandbox.root + "/" + container.id
        var record = try JSONParser.parse(read(directory + "/state.json"))
        let made = record.made.elements
        let process = try #require(made.first { $0.kind == "process" })
        (record.pid, record.startTime, record.identity) = (process.pid, process.startTime, process.identity)
        record.cgroup = try #require(made.first { $0.kind == "cgroup" })
        (record.version, record.made, record.checksum) = (1, .null, .null)
        change(&record)
        try write(record.description, to: directory + "/state.json", mode: 0o600)
        unlink(directory + "/record")
    }

    @Test func recordOfAnEarlierVersionIsRead() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        try ageRecord(of: container)
        #expect(try container.status() == "running")
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    // proc_pid_stat(5) shows a process as a zombie as soon as its first thread has ended.
    @Test(arguments: [false, true]) func processWhoseFirstThreadHasEndedStillRuns(isBootKnown: Bool) throws {
        let container = try Bundle { $0.runs(arguments: ["probe", "thread", "first-ends"]) }.start()
        try eventually("the end of the first thread") { read("/proc/\(container.pid)/stat").contains(") Z ") }
        if !isBootKnown { try ageRecord(of: container) }
        #expect(try container.status() == "running")
        #expect(try container.refusal(of: "delete").says("that is not stopped: running"))
        try container.kill("KILL")
        _ = try container.wait()
        #expect(try container.status() == "stopped")
    }

    // The state root can be on a disk. After a restart another process can have the pid, the start time and the inode number of
    // the container's.
    @Test(
        .needsKernel(6, 9),
        arguments: [
            (read("/proc/sys/kernel/random/boot_id").trimmed, "running"), ("3f1a5c7e-0000-4000-8000-123456789abc", "stopped"),
        ])
    func processOfAnotherStartOfTheMachineIsNotTheContainers(boot: String, status: String) throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        try ageRecord(of: container) { $0.boot = .string(boot) }
        #expect(try container.status() == status)
        try container.delete("--force")
    }

    // Whatever a flipped bit makes of the record, no signal may go to a process that isn't the container's.
    @Test func flippedBitsSignalNobodyElse() throws {
        let container = try Bundle { $0.drop(namespace: "pid") }.start()
        _ = try container.wait()
        let bystander = try Command([Workspace.probe, "pause"]).start()
        for path in try files(of: container) {
            let bytes = readBytes(path)
            for offset in stride(from: 0, to: min(bytes.count, 2000), by: max(1, min(bytes.count, 2000) / 60)) {
                var flipped = bytes
                flipped[offset] ^= 0x01
                try write(flipped, to: path, mode: 0o600)
                let finished = try container.bundle.sandbox.runtime("kill", container.id, "KILL")
                #expect(finished.ending == .exited(0) || finished.ending == .exited(1), "\(path) at \(offset): \(finished)")
            }
            try write(bytes, to: path, mode: 0o600)
        }
        #expect(kill(bystander.pid, 0) == 0)
    }
}
