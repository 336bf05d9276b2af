import CHarness
import Testing

/// Containers without a mount namespace: their mounts are made in the host's mount namespace.
@Suite("mounts without a mount namespace", .needsRoot, .sandboxed)
struct HostMountTests {
    private func bundle(_ configure: (inout JSON) -> Void = { _ in }) throws -> Bundle {
        try Bundle {
            $0.drop(namespace: "mount")
            $0.runs(arguments: ["sleep", "1000"])
            configure(&$0)
        }
    }

    private func mounts(_ bundle: Bundle) -> [String] {
        Mount.table().map(\.path).filter { $0.hasPrefix(bundle.path + "/") }.map { String($0.dropFirst(bundle.rootfs.count)) }
    }

    @Test func areGoneAfterDelete() throws {
        let bundle = try bundle {
            $0.mounts.append(.mount("/sys/fs/cgroup", type: "cgroup", source: "cgroup", ["ro"]))
            $0.runs("cat /etc/bound; ls /proc/self/exe >/dev/null && echo proc; sleep 1000")
        }
        try write("bound\n", to: bundle.path + "/file")
        bundle.config.mounts.append(.mount("/etc/bound", source: bundle.path + "/file", ["bind", "ro"]))
        let container = try bundle.start()
        try container.waitFor("bound\nproc\n")
        #expect(mounts(bundle).starts(with: ["/proc", "/dev", "/dev/pts", "/dev/shm", "/sys", "/sys/fs/cgroup"]))
        #expect(mounts(bundle).contains("/etc/bound"))
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
        // Creating the container again works, since nothing of the first one is left.
        try bundle.create().delete()
        #expect(mounts(bundle).isEmpty)
    }

    @Test func areGoneAfterRun() throws {
        let bundle = try bundle { $0.runs("echo ran") }
        #expect(try bundle.output() == "ran\n")
        #expect(mounts(bundle).isEmpty)
    }

    @Test func areGoneAfterACreateThatFails() throws {
        let bundle = try bundle { $0.runs(arguments: ["no-such-program"]) }
        #expect(try bundle.refusal().says("executable file not found"))
        #expect(mounts(bundle).isEmpty)
        let late = try self.bundle { $0.mounts.append(.mount("/mnt", type: "no-such-type", source: "none")) }
        #expect(try late.refusal().points(to: "/mounts/5"))
        #expect(mounts(late).isEmpty)
    }

    @Test func areGoneAfterAStartThatFails() throws {
        let bundle = try bundle { $0.hooks.startContainer = [["path": "/bin/false"]] }
        let container = try bundle.create()
        #expect(!mounts(bundle).isEmpty)
        _ = try container.refusal(of: "start")
        #expect(mounts(bundle).isEmpty)
    }

    // The container mounts over our mounts, moves one and unmounts one.
    @Test func areGoneWhateverTheContainerDoesWithThem() throws {
        let bundle = try bundle {
            $0.process.capabilities = .capabilities(["CAP_SYS_ADMIN"])
            $0.runs(
                """
                mount -t tmpfs one /dev/shm; mount -t tmpfs two /dev/shm; mkdir /dev/shm/x; mount -t tmpfs three /dev/shm/x
                mount -o move /sys /tmp; umount /dev/pts; echo done; sleep 1000
                """)
        }
        let container = try bundle.start()
        try container.waitFor("done")
        #expect(mounts(bundle).contains("/dev/shm/x") && mounts(bundle).contains("/tmp"))
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
    }

    @Test func mountsOfOthersStay() throws {
        let bundle = try bundle()
        try bundle.sandbox.mount("tmpfs", on: bundle.rootfs + "/opt", type: "tmpfs", data: "size=64k")
        let container = try bundle.start()
        try bundle.sandbox.mount("tmpfs", on: bundle.rootfs + "/srv", type: "tmpfs", data: "size=64k")
        try container.delete("--force")
        #expect(mounts(bundle) == ["/opt", "/srv"])
    }

    // The container moves the mount's parent, and puts a link in its place. The recorded path then leads to a mount of the
    // host.
    @Test func linkInTheWayOfAMountLeadsNowhere() throws {
        let bundle = try bundle {
            $0.mounts.append(.mount("/a/b", type: "tmpfs", source: "tmpfs"))
        }
        let outside = bundle.sandbox.directory + "/outside"
        try bundle.sandbox.mount("tmpfs", on: outside + "/b", type: "tmpfs", data: "size=64k")
        bundle.config.runs("mv /a /c && ln -s \(outside) /a && echo done; sleep 1000")
        let container = try bundle.start()
        try container.waitFor("done")
        #expect(mounts(bundle).contains("/c/b"))
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
        #expect(Mount.table().contains { $0.path == outside + "/b" })
    }

    // Outside of the root the mount may be anywhere, so delete names it and keeps the record.
    @Test func mountThatWasMovedOutOfTheRootIsNamed() throws {
        let bundle = try bundle()
        let container = try bundle.start()
        let elsewhere = bundle.sandbox.directory + "/elsewhere"
        try makeDirectory(elsewhere)
        #expect(CHarness.mount(bundle.rootfs + "/dev/shm", elsewhere, nil, UInt(MS_MOVE), nil) == 0)
        let message = try container.refusal(of: "delete", "--force")
        #expect(message.says("a mount of the container's can't be removed: it isn't in the container's root any more"))
        #expect(umount2(elsewhere, 0) == 0)
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
    }

    // The attribute would be that of the host's own mount, for all of its processes, and nobody would take it back.
    @Test func rootIsNotMadeReadOnlyForTheHost() throws {
        let bundle = try bundle { $0.root.readonly = true }
        try bundle.sandbox.mount(bundle.rootfs, on: bundle.rootfs, flags: Int(MS_BIND))
        let message = try bundle.refusal()
        #expect(message.says("the root can't be read-only without a mount namespace"))
        #expect(message.points(to: "/root/readonly"))
        try write("", to: bundle.rootfs + "/still-writable")
    }

    @Test func damagedListIsReported() throws {
        let bundle = try bundle()
        let container = try bundle.start()
        let list = bundle.sandbox.root + "/" + bundle.id + "/mounts"
        let text = read(list)
        try write("x\n" + text, to: list, mode: 0o600)
        #expect(try container.refusal(of: "delete", "--force").says("the list of the container's mounts is damaged"))
        // A line that was cut short belongs to a mount that was never attached.
        try write(text + "123", to: list, mode: 0o600)
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
    }

    @Test func terminalNeedsNoMountNamespace() throws {
        let bundle = try bundle {
            $0.process.terminal = true
            $0.runs("tty; stat -c %t:%T /dev/console; echo end")
        }
        let (container, terminal) = try bundle.createWithTerminal()
        try container.start()
        try terminal.wait(for: "end\n")
        #expect(terminal.text == "/dev/pts/0\n88:0\nend\n", "\(terminal.text)")
        try container.delete("--force")
        #expect(mounts(bundle).isEmpty)
    }
}
