import CHarness
import Testing

@Suite("root", .needsRoot, .sandboxed)
struct RootTests {
    @Test func isWritableUnlessReadOnly() throws {
        let bundle = try Bundle { $0.runs("echo written > /file") }
        _ = try bundle.output()
        #expect(read(bundle.rootfs + "/file") == "written\n")
    }

    @Test func readOnlyRootTakesNoWrites() throws {
        let seen = try output(
            ofScript: "echo x > /file || echo refused; echo x > /dev/shm/file && echo taken; cat /proc/self/mountinfo"
        ) {
            $0.root.readonly = true
        }
        #expect(seen.contains("refused\ntaken\n"))
        #expect(Mount.table(seen).first { $0.path == "/" }?.options.contains("ro") == true)
    }

    @Test func readOnlyRootStillGetsItsMountPoints() throws {
        let bundle = try Bundle {
            $0.root.readonly = true
            $0.mounts.append(.mount("/made/on/the/way", type: "tmpfs", source: "tmpfs"))
            $0.runs("echo x > /made/on/the/way/file && echo taken")
        }
        #expect(try bundle.output() == "taken\n")
    }

    @Test func pathMayBeAbsolute() throws {
        let bundle = try Bundle { $0.runs("echo ran") }
        try makeDirectory(bundle.sandbox.directory + "/elsewhere")
        #expect(rename(bundle.rootfs, bundle.sandbox.directory + "/elsewhere/root") == 0)
        bundle.config.root.path = .string(bundle.sandbox.directory + "/elsewhere/root")
        #expect(try bundle.output() == "ran\n")
    }

    @Test func pathIsRelativeToTheBundleWhereverTheCallerIs() throws {
        let finished = try Bundle { $0.runs("echo ran") }.run { $0.directory = "/" }
        #expect(finished.output == "ran\n", "\(finished)")
    }

    @Test func hostIsOutOfSight() throws {
        let seen = try output(ofScript: "ls /; ls /..; readlink /proc/1/root; cat /proc/self/mountinfo")
        #expect(!seen.contains(Workspace.name), "no path of the host's may show")
        #expect(seen.lines.filter { $0 == "bin" }.count == 2)
    }

    @Test func mountsOfTheHostAreGone() throws {
        let seen = try output(of: "cat", "/proc/self/mountinfo")
        #expect(Set(Mount.table(seen).map(\.path)) == ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/sys"])
    }

    @Test func hostsMountTableIsAsBefore() throws {
        let bundle = try Bundle { $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "tmpfs")) }
        func own() -> [String] { Mount.table().filter { $0.path.hasPrefix(bundle.sandbox.directory) }.map(\.path) }
        let before = own()
        let container = try bundle.create()
        #expect(own() == before)
        try container.delete()
        #expect(own() == before)
    }

    @Test func missingRootIsRefused() throws {
        let message = try refusal { $0.root.path = "no-such-root" }
        #expect(message.points(to: "/root/path"))
        #expect(message.says("no-such-root"))
    }

    @Test func rootThatIsAFileIsRefused() throws {
        let bundle = try Bundle { $0.root.path = "config.json" }
        #expect(try bundle.refusal().points(to: "/root/path"))
    }

    @Test func hostsRootIsRefused() throws {
        #expect(try refusal { $0.root.path = "/" }.points(to: "/root/path"))
    }

    @Test func missingObjectIsRefused() throws {
        #expect(try refusal { $0.root = .null }.points(to: "/root"))
    }

    /// The propagation of the root mount as the container sees it.
    private func propagation(_ value: JSON) throws -> [String] {
        let bundle = try Bundle {
            $0.linux.rootfsPropagation = value
            $0.runs(arguments: ["cat", "/proc/self/mountinfo"])
        }
        // As with an engine, the root file system is a mount of its own, and shared on the host.
        try bundle.sandbox.mount(bundle.rootfs, on: bundle.rootfs, flags: Int(MS_BIND))
        try bundle.sandbox.mount("none", on: bundle.rootfs, flags: Int(MS_SHARED))
        return Mount.table(try bundle.output()).first { $0.path == "/" }?.propagation.map { String($0.prefix { $0 != ":" }) } ?? [
            "none"
        ]
    }

    @Test(arguments: [
        ("shared", ["shared"]), ("rshared", ["shared"]), ("slave", ["master"]), ("rslave", ["master"]), ("private", []),
        ("rprivate", []),
        ("unbindable", ["unbindable"]),
    ])
    func propagationIsTheConfigs(value: String, seen: [String]) throws { #expect(try propagation(.string(value)) == seen) }

    @Test func mountsOfTheContainerNeverReachTheHost() throws {
        for value in ["shared", "slave", "private", "unbindable"] {
            let bundle = try Bundle {
                $0.linux.rootfsPropagation = .string(value)
                $0.process.capabilities = .capabilities(["CAP_SYS_ADMIN"])
                $0.runs("mount -t tmpfs tmpfs /tmp; touch /tmp/inside")
            }
            try bundle.sandbox.mount(bundle.rootfs, on: bundle.rootfs, flags: Int(MS_BIND))
            try bundle.sandbox.mount("none", on: bundle.rootfs, flags: Int(MS_SHARED))
            _ = try bundle.output()
            #expect(!exists(bundle.rootfs + "/tmp/inside"))
            #expect(!Mount.table().contains { $0.path == bundle.rootfs + "/tmp" })
        }
    }

    @Test func mountOfTheHostReachesASlaveRoot() throws {
        let bundle = try Bundle {
            $0.linux.rootfsPropagation = "slave"
            $0.runs("echo ready; while ! test -e /tmp/outside; do sleep 0.01; done; echo seen; sleep 1000")
        }
        try bundle.sandbox.mount(bundle.rootfs, on: bundle.rootfs, flags: Int(MS_BIND))
        try bundle.sandbox.mount("none", on: bundle.rootfs, flags: Int(MS_SHARED))
        let container = try bundle.start()
        try container.waitFor("ready")
        try bundle.sandbox.mount("tmpfs", on: bundle.rootfs + "/tmp", type: "tmpfs", data: "size=64k")
        try write("", to: bundle.rootfs + "/tmp/outside")
        try container.waitFor("seen")
        try container.delete("--force")
    }

    @Test(arguments: ["public", "rsharedd"]) func unknownPropagationIsRefused(value: String) throws {
        #expect(try refusal { $0.linux.rootfsPropagation = .string(value) }.points(to: "/linux/rootfsPropagation"))
    }

    @Test func withoutPivotTheRootIsTheSame() throws {
        let bundle = try Bundle {
            $0.runs("ls /; ls /..")
        }
        let finished = try bundle.run(["--no-pivot"])
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.output.lines.filter { $0 == "bin" }.count == 2)
        #expect(!finished.output.contains("home"))
    }

    /// Whether a user namespace in the container can mount a file system of this type without the container's masks.
    private func mountsInAUserNamespace(
        _ type: String, masked: Bool, _ options: [String], _ configure: (inout JSON) -> Void = { _ in }
    ) throws -> Bool {
        let bundle = try Bundle {
            $0.process.user = ["uid": 1000, "gid": 1000]
            if masked { $0.linux.maskedPaths = ["/proc/keys", "/proc/meminfo", "/sys/kernel"] }
            $0.runs("unshare -U -r -m -n -p -f sh -c 'mount -t \(type) -o ro none /tmp && echo mounted'; echo end")
            configure(&$0)
        }
        // The host has other mounts of this type: one in another place, and one that is covered.
        let place = bundle.path + "/of-the-host"
        try bundle.sandbox.mount(type, on: place + "/seen", type: type)
        try bundle.sandbox.mount(type, on: place + "/hidden/below", type: type)
        try bundle.sandbox.mount("tmpfs", on: place + "/hidden", type: "tmpfs", data: "size=4k")
        let finished = try bundle.run(options)
        #expect(finished.output.hasSuffix("end\n"), "\(finished)")
        return finished.output.hasPrefix("mounted\n")
    }

    // mount_too_revealing() in the kernel: a user namespace may mount proc or sysfs if its mount namespace has a complete one.
    @Test(arguments: ["proc", "sysfs"]) func noWholeProcOrSysfsOfTheHostIsInTheMountNamespace(type: String) throws {
        try #require(try mountsInAUserNamespace(type, masked: false, []), "user namespaces may mount it here")
        #expect(try !mountsInAUserNamespace(type, masked: true, []))
        #expect(try !mountsInAUserNamespace(type, masked: true, ["--no-pivot"]))
    }
}
