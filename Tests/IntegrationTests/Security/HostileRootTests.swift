import CHarness
import Testing

/// Images whose files aren't what their names say. The container is either refused, or made without touching anything outside.
@Suite("hostile root file systems", .needsRoot, .sandboxed)
struct HostileRootTests {
    /// A directory of the host with a canary in it, which no container may change.
    private func outside(_ bundle: Bundle) throws -> String {
        let path = bundle.sandbox.directory + "/outside"
        try makeDirectory(path)
        try write("canary", to: path + "/canary", mode: 0o600)
        return path
    }

    private func expectUntouched(_ outside: String, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(entries(of: outside) == ["canary"], sourceLocation: sourceLocation)
        #expect(read(outside + "/canary") == "canary", sourceLocation: sourceLocation)
        let canary = try metadata(outside + "/canary")
        #expect(canary.permissions == 0o600 && canary.st_uid == 0 && canary.kind == .regular, sourceLocation: sourceLocation)
    }

    /// Replaces a path of the root with a link.
    private func replace(_ path: String, in bundle: Bundle, byLinkTo target: String) throws {
        removeTree(bundle.rootfs + path)
        try makeLink(bundle.rootfs + path, to: target)
    }

    // CVE-2019-19921 and CVE-2023-27561: with a link at /proc, labels and sysctls would be written to a file of the image.
    @Test(arguments: ["/proc", "/sys"], ["/tmp/fake", "tmp/fake", "/nowhere", "/tmp/second"]) func procAndSysAreNoLinks(
        path: String, target: String
    ) throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.rootfs + "/tmp/fake/self/attr")
        try makeLink(bundle.rootfs + "/tmp/second", to: "fake")
        try replace(path, in: bundle, byLinkTo: target)
        #expect(try bundle.refusal().points(to: "/mounts/"))
        #expect(entries(of: bundle.rootfs + "/tmp") == ["fake", "second"])
    }

    // CVE-2019-16884: a volume over /proc, or over what the runtime writes in it.
    @Test(
        arguments: [
            "/proc", "/proc/", "/proc/self", "/proc/self/attr", "/proc/self/attr/exec", "/proc/thread-self/attr/apparmor/exec",
            "//proc/.",
            "/proc/../proc/self", "/proc/1", "/proc/sys", "/proc/sys/kernel", "proc/self", "/proc/sysrq-trigger", "/link/self",
        ], ["bind", "tmpfs"])
    func nothingIsMountedOverProc(destination: String, type: String) throws {
        let bundle = try Bundle()
        try makeDirectory(bundle.path + "/volume/self/attr")
        try makeLink(bundle.rootfs + "/link", to: "/proc")
        bundle.config.mounts.append(
            type == "bind"
                ? .mount(destination, source: bundle.path + "/volume", ["rbind"]) : .mount(destination, type: type, source: type))
        #expect(try bundle.refusal().points(to: "/mounts/5"))
    }

    @Test(arguments: ["cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg"])
    func filesThatOthersEmulateMayBeMountedInProc(name: String) throws {
        let bundle = try Bundle { $0.runs(arguments: ["cat", "/proc/" + name]) }
        try write("emulated\n", to: bundle.path + "/file")
        bundle.config.mounts.append(.mount("/proc/" + name, source: bundle.path + "/file", ["bind", "ro"]))
        #expect(try bundle.output() == "emulated\n")
    }

    // CVE-2025-31133: masked files were covered with the image's /dev/null.
    @Test(arguments: ["link", "file", "directory", "fifo", "zero", "none"]) func maskIsNotTheImagesNullDevice(kind: String) throws
    {
        let bundle = try Bundle {
            for path in ["/dev", "/dev/pts", "/dev/shm"] { $0.drop(mount: path) }
            $0.linux.maskedPaths = ["/etc/secret"]
            $0.runs("stat -c '%F %t:%T' /etc/secret; echo overwritten > /etc/secret; cat /etc/target")
        }
        try write("secret", to: bundle.rootfs + "/etc/secret")
        try write("target", to: bundle.rootfs + "/etc/target")
        let path = bundle.rootfs + "/dev/null"
        switch kind {
        case "link": try makeLink(path, to: "/etc/target")
        case "file": try write("", to: path, mode: 0o666)
        case "directory": try makeDirectory(path)
        case "fifo": #expect(mkfifo(path, 0o666) == 0)
        case "zero": #expect(mknod(path, 0o020666, h_device(1, 5)) == 0)
        default: break
        }
        let finished = try bundle.run()
        if finished.succeeded { #expect(finished.output == "character special file 1:3\ntarget", "\(finished)") }
        if kind == "none" { #expect(finished.succeeded, "\(finished)") }
        #expect(read(bundle.rootfs + "/etc/target") == "target")
        #expect(read(bundle.rootfs + "/etc/secret") == "secret")
    }

    // CVE-2026-88265: standard streams that are the null device were reopened through the image's /dev/null, and given to the
    // user.
    @Test func standardStreamsAreNotReopenedByTheImagesName() throws {
        let bundle = try Bundle {
            for path in ["/dev", "/dev/pts", "/dev/shm"] { $0.drop(mount: path) }
            $0.process.user.uid = 1000
            $0.runs("echo output; echo wrong >&2; cat")
        }
        try write("target", to: bundle.rootfs + "/etc/target", mode: 0o666)
        try makeLink(bundle.rootfs + "/dev/null", to: "/etc/target")
        let null = h_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        defer { close(null) }
        _ = try bundle.run { $0.descriptors = [0: null, 1: null, 2: null] }
        #expect(read(bundle.rootfs + "/etc/target") == "target")
        #expect(try metadata(bundle.rootfs + "/etc/target").st_uid == 0)
    }

    @Test func nullDeviceOfTheHostKeepsItsOwner() throws {
        let before = try metadata("/dev/null")
        let bundle = try Bundle { $0.process.user = ["uid": 1000, "gid": 1000] }
        let null = h_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        defer { close(null) }
        for terminal in [false, true] {
            bundle.config.process.terminal = .bool(terminal)
            _ = try bundle.run { $0.descriptors = [0: null, 1: null, 2: null] }
        }
        let after = try metadata("/dev/null")
        #expect(after.st_uid == before.st_uid && after.st_gid == before.st_gid && after.st_mode == before.st_mode)
    }

    // CVE-2025-52565: /dev/console was bind-mounted from a path in the image's /dev/pts.
    @Test func consoleIsTheTerminalItself() throws {
        let bundle = try Bundle {
            $0.process.terminal = true
            $0.drop(mount: "/dev/pts")
            $0.runs("stat -c '%F %t' /dev/console; echo x > /dev/console; echo end")
        }
        let outside = try outside(bundle)
        let volume = bundle.path + "/volume"
        try makeDirectory(volume)
        for number in 0..<64 { try makeLink(volume + "/\(number)", to: outside + "/canary") }
        bundle.config.mounts.append(.mount("/dev/pts", source: volume, ["rbind"]))
        let listener = h_listen(bundle.path + "/console.sock")
        defer { close(listener) }
        let created = try bundle.command("create", ["--console-socket", bundle.path + "/console.sock"]).run()
        if created.succeeded {
            let terminal = Terminal(descriptor: try Received(from: listener).descriptor)
            let container = try Container(of: bundle, created)
            try container.start()
            try terminal.wait(for: "end\n")
            #expect(terminal.text.hasPrefix("character special file 88\n"), "\(terminal.text)")
        }
        try expectUntouched(outside)
    }

    // CVE-2026-41579 and CVE-2026-47766: if the image's /dev was a link, nodes and links were made at the link's target.
    @Test(
        arguments: [
            "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/console", "/dev/ptmx", "/dev/stdin", "/dev/tty",
        ], [true, false])
    func linksInDevDoNotLeadOutside(path: String, mounted: Bool) throws {
        let bundle = try Bundle { config in
            if !mounted { for path in ["/dev", "/dev/pts", "/dev/shm"] { config.drop(mount: path) } }
            config.linux.devices = [["type": "c", "path": "/dev/fuse", "major": 10, "minor": 229]]
            config.process.terminal = .bool(path == "/dev/console")
        }
        let outside = try outside(bundle)
        try replace(path, in: bundle, byLinkTo: path == "/dev/console" ? outside + "/made" : outside)
        let (terminal, other) = try Terminal.open()
        _ = try bundle.run { $0.terminal = path == "/dev/console" ? other : nil }
        _ = terminal
        try expectUntouched(outside)
    }

    // CVE-2019-18837, CVE-2024-45310: mount points were made at the targets of links in the image.
    @Test(arguments: ["absolute", "relative", "dangling", "loop", "chain"]) func linksAtADestinationDoNotLeadOutside(kind: String)
        throws
    {
        let bundle = try Bundle { $0.mounts.append(.mount("/data/link/a/b", type: "tmpfs", source: "tmpfs")) }
        let outside = try outside(bundle)
        try makeDirectory(bundle.rootfs + "/data")
        let link = bundle.rootfs + "/data/link"
        switch kind {
        case "absolute": try makeLink(link, to: outside)
        case "relative": try makeLink(link, to: "../../../../../../../../../../../../" + outside)
        case "dangling": try makeLink(link, to: outside + "/missing")
        case "loop":
            try makeLink(link, to: "other")
            try makeLink(bundle.rootfs + "/data/other", to: "link")
        default:
            for number in 0..<45 { try makeLink(bundle.rootfs + "/data/\(number)", to: number == 44 ? outside : "\(number + 1)") }
            try makeLink(link, to: "0")
        }
        let finished = try bundle.run()
        #expect(finished.ending == .exited(0) || finished.ending == .exited(1), "\(finished)")
        try expectUntouched(outside)
    }

    @Test func workingDirectoryIsNotMadeOutside() throws {
        let bundle = try Bundle { $0.process.cwd = "/link/made/here" }
        let outside = try outside(bundle)
        try makeLink(bundle.rootfs + "/link", to: outside)
        _ = try bundle.run()
        try expectUntouched(outside)
    }

    @Test(arguments: ["maskedPaths", "readonlyPaths"]) func linksAtAHiddenPathDoNotLeadOutside(property: String) throws {
        let bundle = try Bundle { $0.linux[property] = ["/link", "/link/canary"] }
        let outside = try outside(bundle)
        try makeLink(bundle.rootfs + "/link", to: outside)
        _ = try bundle.run()
        try expectUntouched(outside)
        #expect(!Mount.table().contains { $0.path.hasPrefix(outside) })
    }

    // Files that libraries might read before the container's program runs. The runtime must not open any of them.
    @Test func filesThatLibrariesReadAreNotReadFromTheImage() throws {
        let bundle = try Bundle { $0.runs("echo ran") }
        for path in [
            "/etc/nsswitch.conf", "/etc/group", "/etc/localtime", "/etc/ld.so.preload", "/etc/ld.so.cache", "/etc/gai.conf",
        ] {
            #expect(mkfifo(bundle.rootfs + path, 0o666) == 0)
        }
        #expect(try bundle.output() == "ran\n")
    }

    // CVE-2020-2023 and others: delete must unmount and remove what create has made, not what the same paths lead to by then.
    @Test func rootThatIsALinkByTheTimeOfDeleteIsLeftAlone() throws {
        let bundle = try Bundle()
        let outside = try outside(bundle)
        let container = try bundle.create()
        #expect(rename(bundle.rootfs, bundle.path + "/moved") == 0)
        try makeLink(bundle.rootfs, to: outside)
        try container.delete("--force")
        try expectUntouched(outside)
        unlink(bundle.rootfs)
    }

    // Options of the file system on a bind mount would change the file system for all its users.
    @Test func bindMountLeavesTheFileSystemsOptions() throws {
        let bundle = try Bundle()
        let source = bundle.path + "/source"
        try bundle.sandbox.mount("tmpfs", on: source, type: "tmpfs", data: "size=1m,mode=711")
        func options() -> [String]? { Mount.table().first { $0.path == source }?.superOptions }
        let before = options()
        bundle.config.mounts.append(.mount("/mnt", source: source, ["rbind", "ro", "size=2m", "mode=777", "sync"]))
        _ = try bundle.run()
        #expect(options() == before)
        #expect(try metadata(source).permissions == 0o711)
    }

    @Test(arguments: [255, 256, 4095, 4096, 5000, 70000]) func longPathsAreEitherTakenOrRefused(length: Int) throws {
        let path = "/" + String(repeating: "a", count: length - 1)
        for change in [
            { (config: inout JSON) in config.mounts.append(.mount(path, type: "tmpfs", source: "tmpfs")) },
            { (config: inout JSON) in config.mounts.append(.mount("/mnt", source: path, ["bind"])) },
            { (config: inout JSON) in config.process.cwd = .string(path) },
        ] {
            let finished = try Bundle { change(&$0) }.run()
            #expect(finished.ending == .exited(0) || finished.ending == .exited(1), "\(finished)")
        }
    }
}
