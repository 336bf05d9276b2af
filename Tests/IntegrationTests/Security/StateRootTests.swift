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

    /// The regular files that the runtime keeps about a container.
    private func files(of container: Container) throws -> [String] {
        let directory = container.bundle.sandbox.root + "/" + container.id
        return try entries(of: directory).map { directory + "/" + $0 }.filter { try metadata($0).kind == .regular }
    }

    // A file that a crash or a full disk cut short, or that somebody put there.
    @Test(arguments: ["empty", "cut", "garbage", "huge", "fifo", "link", "missing"]) func damageIsReportedAndDeletedByForce(
        damage: String
    ) throws {
        let count = try files(of: Bundle().create()).count
        #expect(count > 0)
        for index in 0..<count {
            let container = try Bundle().create()
            // Without its process and cgroup: what tells where they are may be what's damaged.
            kill(container.pid, SIGKILL)
            _ = try container.wait()
            Cgroup.remove(container.bundle.cgroup)
            let path = try files(of: container)[index]
            let bytes = readBytes(path)
            unlink(path)
            switch damage {
            case "empty": try write("", to: path, mode: 0o600)
            case "cut": try write(Array(bytes.prefix(bytes.count / 2)), to: path, mode: 0o600)
            case "garbage": try write([UInt8](repeating: 0xAA, count: 300), to: path, mode: 0o600)
            case "huge":
                try write(bytes, to: path, mode: 0o600)
                #expect(truncate(path, 1 << 30) == 0)
            case "fifo": #expect(mkfifo(path, 0o600) == 0)
            case "link": try makeLink(path, to: "/dev/zero")
            default: break
            }
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

    // Whatever a flipped bit makes of the record: no signal goes to a process that isn't the container's.
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
