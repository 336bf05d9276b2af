import CHarness
import Testing

/// The tests run one after another: criu stops and rebuilds whole process trees, and on cgroup v1 many simultaneous freezers
/// have been seen to hang.
@Suite("checkpoint and restore", .needsRoot, .sandboxed, .needsCriu, .serialized)
struct CheckpointTests {
    private func counting(_ configure: (inout JSON) throws -> Void = { _ in }) throws -> Bundle {
        let bundle = try Bundle(configure)
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        return bundle
    }

    private func expectSuccess(_ finished: Finished, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(finished.succeeded, "\(finished)", sourceLocation: sourceLocation)
    }

    @Test func makesAContainerGoOnWhereItWas() throws {
        let bundle = try counting()
        expectSuccess(try bundle.checkpoint("--work-path", bundle.path + "/work"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        #expect(read(bundle.path + "/work/dump.log").contains("Dumping finished successfully"))
        let count = bundle.count
        let container = try bundle.restore(["--work-path", bundle.path + "/work", "--pid-file", bundle.path + "/pid"])
        try bundle.waitForCounting()
        // A new container would count from 1, but this one goes on from its count at the checkpoint.
        #expect(bundle.count > count)
        #expect(try container.status() == "running")
        #expect(read(bundle.path + "/pid") == "\(container.pid)")
        #expect(Cgroup.processes(bundle.cgroup).contains(container.pid))
        try container.kill("KILL")
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try container.status() == "stopped")
        try container.delete()
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test func leavesItRunning() throws {
        let bundle = try counting()
        expectSuccess(try bundle.checkpoint("--leave-running"))
        #expect(try Container(of: bundle).status() == "running")
        try bundle.waitForCounting()
        let count = bundle.count
        expectSuccess(try bundle.sandbox.runtime("delete", "--force", bundle.id))
        try write("", to: bundle.rootfs + "/tmp/count")
        _ = try bundle.restore()
        try eventually("a count") { bundle.count > 0 }
        #expect(bundle.count > 1)
        try eventually("it counts on") { bundle.count > count }
    }

    @Test func buildsOnWhatWasDumpedBefore() throws {
        let bundle = try counting()
        let early = bundle.path + "/early"
        let dumped = try bundle.sandbox.runtime("checkpoint", "--pre-dump", "--image-path", early, bundle.id)
        expectSuccess(dumped)
        #expect(try Container(of: bundle).status() == "running")
        expectSuccess(try bundle.checkpoint("--parent-path", "../early"))
        let count = bundle.count
        _ = try bundle.restore()
        try eventually("it counts on") { bundle.count > count }
    }

    @Test func takesAPausedContainer() throws {
        let bundle = try counting()
        expectSuccess(try bundle.sandbox.runtime("pause", bundle.id))
        expectSuccess(try bundle.checkpoint())
        let count = bundle.count
        _ = try bundle.restore()
        try eventually("it counts on") { bundle.count > count }
    }

    @Test func restoresTwiceAndElsewhere() throws {
        let bundle = try counting()
        expectSuccess(try bundle.checkpoint())
        let container = try bundle.restore()
        try container.delete("--force")
        let other = "other-" + bundle.id
        bundle.sandbox.willDelete(other)
        bundle.config.linux.cgroupsPath = .string(bundle.sandbox.cgroup(of: other))
        try bundle.writeConfig()
        let count = bundle.count
        let restored = try bundle.sandbox.command(
            ["restore", "-d", "--image-path", bundle.image, "--bundle", bundle.path, other]
        ).run()
        expectSuccess(restored)
        try eventually("it counts on") { bundle.count > count }
        #expect(!Cgroup.processes(bundle.sandbox.cgroup(of: other)).isEmpty)
        #expect(Cgroup.processes(bundle.cgroup).isEmpty)
    }

    @Test func staysInTheForegroundUntilTheEnd() throws {
        let bundle = try Bundle { $0.runs("echo >/tmp/ready; while ! test -e /tmp/end; do sleep 0.02; done; exit 7") }
        _ = try bundle.start()
        try eventually("its start") { exists(bundle.rootfs + "/tmp/ready") }
        expectSuccess(try bundle.checkpoint())
        let restored = try bundle.command("restore", ["--image-path", bundle.image]).start()
        try eventually("its restore") { !Cgroup.processes(bundle.cgroup).isEmpty }
        try write("", to: bundle.rootfs + "/tmp/end")
        #expect(try restored.finish().ending == .exited(7))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test func connectsPipesAnew() throws {
        let bundle = try Bundle { $0.runs("i=0; while read line; do i=$((i+1)); echo $i $line; done") }
        let (first, second) = (try Pipes(), try Pipes())
        let container = try bundle.create { $0.descriptors = first.descriptors }
        try container.start()
        first.write("one\n")
        #expect(try first.read("1 one\n"))
        expectSuccess(try bundle.checkpoint())
        _ = try bundle.restore { $0.descriptors = second.descriptors }
        second.write("two\n")
        #expect(try second.read("2 two\n"))
    }

    @Test func handsTheTerminalOver() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.runs("i=0; while read line; do i=$((i+1)); echo $i $line; done")
        }
        let socket = bundle.path + "/console.sock"
        var listener = h_listen(socket)
        let container = try bundle.create(["--console-socket", socket])
        let first = Terminal(descriptor: try Received(from: listener).descriptor)
        close(listener)
        unlink(socket)
        try container.start()
        first.type("one\n")
        try first.wait(for: "1 one\n")
        expectSuccess(try bundle.checkpoint())
        listener = h_listen(socket)
        defer { close(listener) }
        _ = try bundle.restore(["--console-socket", socket])
        let second = Terminal(descriptor: try Received(from: listener).descriptor)
        second.type("two\n")
        try second.wait(for: "2 two\n")
    }

    @Test func keepsMountsAndTheirOptions() throws {
        let bundle = try Bundle()
        let source = bundle.path + "/source"
        try makeDirectory(source)
        try write("content", to: source + "/file")
        bundle.config.mounts.append(
            .mount("/rw", source: source, ["bind"]), .mount("/ro1", source: source, ["bind", "ro"]),
            .mount("/ro2", source: source, ["bind", "ro", "noexec"]),
            .mount("/odd,[name", source: source + "/file", ["bind", "ro"]),
            .mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["ro"]))
        bundle.config.root.readonly = true
        bundle.config.linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware"]
        bundle.config.linux.readonlyPaths = ["/proc/sys", "/proc/bus"]
        bundle.config.runs("while :; do sleep 1; done")
        func table() throws -> [String] {
            let shown = try bundle.sandbox.runtime("exec", bundle.id, "cat", "/proc/1/mountinfo")
            guard shown.succeeded else { throw HarnessFailure("\(shown)") }
            // Only mount points and options: ids and the order of the mounts may differ.
            return shown.output.lines.map { line in line.words[4] + " " + line.words[5] }.sorted()
        }
        _ = try bundle.start()
        let before = try table()
        #expect(before.count > 10)
        expectSuccess(try bundle.checkpoint())
        _ = try bundle.restore()
        #expect(try table() == before)
        let tried = try bundle.sandbox.runtime(
            "exec", bundle.id, "sh", "-c", "echo x >/rw/new; echo x >/ro1/no; echo x >/ro2/no; echo x >/no; cat '/odd,[name'")
        #expect(tried.output == "content")
        #expect(exists(source + "/new") && !exists(source + "/no") && !exists(bundle.rootfs + "/no"))
    }

    @Test func keepsAUserNamespace() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.runs("i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; sleep 0.02; done")
        }
        _ = try bundle.start()
        func count() throws -> Int {
            Int(try bundle.sandbox.runtime("exec", bundle.id, "cat", "/dev/shm/count").output.trimmed) ?? 0
        }
        try eventually("a count") { try count() > 5 }
        let before = try count()
        expectSuccess(try bundle.checkpoint())
        let container = try bundle.restore()
        try eventually("it counts on") { try count() > before }
        #expect(read("/proc/\(container.pid)/uid_map").words == ["0", "100000", "65536"])
    }

    @Test func joinsTheNetworkNamespaceAgain() throws {
        let bundle = try Bundle()
        let holder = try Namespaces(["network"])
        bundle.config.join(namespace: "network", at: holder.path("network"))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        expectSuccess(try bundle.checkpoint())
        let container = try bundle.restore()
        try bundle.waitForCounting()
        #expect(linkTarget("/proc/\(container.pid)/ns/net") == linkTarget(holder.path("network")))
    }

    /// criu restores processes into a time namespace, and refuses to dump processes that are in different time namespaces.
    @Test func execJoinsAllThatItsProcessesAreIn() throws {
        let bundle = try counting()
        expectSuccess(try bundle.checkpoint())
        let container = try bundle.restore()
        // The sleeping process becomes a child of the container's first process.
        expectSuccess(try bundle.sandbox.runtime("exec", bundle.id, "sh", "-c", "sleep 1000 & exit 0"))
        let left = Cgroup.processes(bundle.cgroup).filter { read("/proc/\($0)/cmdline").hasPrefix("sleep\u{0}1000\u{0}") }
        let other = try #require(left.first)
        for name in entries(of: "/proc/self/ns") {
            #expect(linkTarget("/proc/\(other)/ns/\(name)") == linkTarget("/proc/\(container.pid)/ns/\(name)"), "\(name)")
        }
        expectSuccess(try bundle.checkpoint())
        let count = bundle.count
        _ = try bundle.restore()
        try eventually("it counts on") { bundle.count > count }
    }

    @Test func leavesCgroupsAloneIfToldSo() throws {
        let bundle = try Bundle {
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["ro"]))
        }
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        let places = { try bundle.sandbox.runtime("exec", bundle.id, "cat", "/proc/1/cgroup").output }
        let before = try places()
        expectSuccess(try bundle.checkpoint("--manage-cgroups-mode", "ignore"))
        let count = bundle.count
        let container = try bundle.restore(["--manage-cgroups-mode", "ignore"])
        try eventually("it counts on") { bundle.count > count }
        #expect(Cgroup.processes(bundle.cgroup).contains(container.pid))
        #expect(linkTarget("/proc/\(container.pid)/ns/cgroup") != linkTarget("/proc/self/ns/cgroup"))
        #expect(try places() == before)
    }

    @Test func makesMountPointsBelowAFolderOfTheHostsAnew() throws {
        let bundle = try Bundle()
        let (outer, inner) = (bundle.path + "/outer", bundle.path + "/inner")
        try makeDirectory(outer)
        try makeDirectory(inner)
        try write("content", to: inner + "/file")
        bundle.config.mounts.append(
            .mount("/data", source: outer, ["rbind"]), .mount("/data/a/b", source: inner, ["bind"]),
            .mount("/data/f", source: inner + "/file", ["bind"]), .mount("/data/t", type: "tmpfs", source: "tmpfs"))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        expectSuccess(try bundle.checkpoint())
        #expect(rmdir(outer + "/a/b") == 0 && rmdir(outer + "/a") == 0 && unlink(outer + "/f") == 0 && rmdir(outer + "/t") == 0)
        let container = try bundle.restore()
        let inside = "/proc/\(container.pid)/root/data"
        #expect(read(inside + "/a/b/file") == "content" && read(inside + "/f") == "content")
        #expect(Mount.table(read("/proc/\(container.pid)/mountinfo")).contains { $0.path == "/data/t" && $0.type == "tmpfs" })
    }

    @Test func bringsTheLoopbackDeviceUp() throws {
        let bundle = try counting()
        expectSuccess(try bundle.checkpoint())
        _ = try bundle.restore()
        let shown = try bundle.sandbox.runtime("exec", bundle.id, "ip", "addr", "show", "lo")
        #expect(shown.output.says("inet 127.0.0.1/8"))
    }

    @Test func runsTheHooksOfCreationAndEnd() throws {
        let bundle = try Bundle()
        for kind in ["prestart", "createRuntime", "poststop"] {
            bundle.config.hooks[kind] = [.hook("cat >>\(bundle.path)/states; echo \(kind) >>\(bundle.path)/order")]
        }
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        expectSuccess(try bundle.checkpoint())
        let container = try bundle.restore()
        #expect(read(bundle.path + "/states").contains("\"pid\":\(container.pid)"))
        try container.delete("--force")
        let life = ["prestart", "createRuntime", "poststop"]
        #expect(read(bundle.path + "/order").lines == life + life)
    }

    @Test func quotesWhatCriuSays() throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/source")
        bundle.config.mounts.append(.mount("/data", source: bundle.path + "/source", ["bind"]))
        bundle.counts()
        _ = try bundle.start()
        try bundle.waitForCounting()
        expectSuccess(try bundle.checkpoint())
        bundle.config.drop(mount: "/data")
        let message = try bundle.refusalToRestore()
        #expect(message.says("restore: criu can't restore the container: Error (criu/"))
        #expect(message.says(bundle.image + "/restore.log"))
    }
}

/// Pipes for a container's standard input and output.
private final class Pipes {
    private var input: [Int32] = [-1, -1]
    private var output: [Int32] = [-1, -1]

    init() throws {
        guard pipe2(&input, O_CLOEXEC) == 0, pipe2(&output, O_CLOEXEC) == 0 else { throw HarnessFailure.system("pipe2") }
    }

    deinit { for descriptor in input + output { close(descriptor) } }

    var descriptors: [Int32: Int32] { [0: input[0], 1: output[1]] }

    func write(_ text: String) { _ = CHarness.write(input[1], text, text.utf8.count) }

    /// Waits until the container writes, within the deadline. Returns whether it wrote exactly this text.
    func read(_ text: String) throws -> Bool {
        var wanted = pollfd(fd: output[0], events: Int16(POLLIN), revents: 0)
        guard retrying({ poll(&wanted, 1, Int32(Command.deadline * 1000)) }) == 1 else { throw HarnessFailure("nothing came") }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = CHarness.read(output[0], &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self) == text
    }
}
