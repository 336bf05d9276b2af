import CHarness
import Testing

@Suite("devices", .needsRoot, .sandboxed)
struct DeviceTests {
    @Test(arguments: [("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"), ("urandom", "1:9"), ("tty", "5:0")])
    func defaultNodeIsThere(name: String, number: String) throws {
        #expect(try output(of: "stat", "-c", "%F %t:%T %a %u:%g", "/dev/" + name) == "character special file \(number) 666 0:0\n")
    }

    @Test(arguments: [
        ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ])
    func defaultLinkIsThere(name: String, target: String) throws {
        #expect(try output(of: "readlink", "/dev/" + name) == target + "\n")
    }

    @Test func defaultNodesWork() throws {
        let seen = try output(
            ofScript: """
                echo x > /dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 3 /dev/urandom | wc -c
                echo x > /dev/full || echo full; echo through >> /dev/stdout
                """)
        #expect(seen.lines.map(\.trimmed) == ["00 00 00 00", "3", "full", "through"])
    }

    @Test func nothingElseIsInDev() throws {
        let usual = ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]
        // /dev/core exists if there is /proc/kcore.
        #expect(try output(of: "ls", "/dev").lines.filter { $0 != "core" } == usual)
    }

    @Test func defaultNodesAreThereWithoutAFileSystemOnDev() throws {
        let bundle = try Bundle {
            for path in ["/dev", "/dev/pts", "/dev/shm"] { $0.drop(mount: path) }
            $0.runs("stat -c '%F %t:%T' /dev/null /dev/tty; ls /dev")
        }
        let seen = try bundle.output()
        #expect(seen.hasPrefix("character special file 1:3\ncharacter special file 5:0\n"))
        #expect(seen.contains("\nstdin\n"))
    }

    @Test func defaultNodesAreThereInAUserNamespace() throws {
        let seen = try output(
            ofScript: """
                cd /dev; stat -c '%n %t:%T' null zero full random urandom tty
                echo x > null; head -c 1 zero | wc -c; echo x > full || echo full
                """
        ) { $0.mapUsers() }
        #expect(
            seen.lines == ["null 1:3", "zero 1:5", "full 1:7", "random 1:8", "urandom 1:9", "tty 5:0", "1", "full"], "\(seen)")
    }

    @Test func linkToTheKernelsMemoryIsThereIfTheHostHasThat() throws {
        let target = exists("/proc/kcore") ? "/proc/kcore" : "none"
        #expect(try output(ofScript: "readlink /dev/core || echo none") == target + "\n")
    }

    @Test func fileOfTheImageStaysInPlaceOfALink() throws {
        let bundle = try Bundle {
            for path in ["/dev", "/dev/pts", "/dev/shm"] { $0.drop(mount: path) }
            $0.runs("cat /dev/stdout; readlink /dev/stderr")
        }
        try write("of the image\n", to: bundle.rootfs + "/dev/stdout")
        #expect(try bundle.output() == "of the image\n/proc/self/fd/2\n")
    }

    private func device(_ type: String, _ path: String, _ more: [String: JSON] = [:]) -> JSON {
        var device: JSON = ["type": .string(type), "path": .string(path)]
        for (name, value) in more { device[name] = value }
        return device
    }

    @Test func nodesOfTheConfigAreMade() throws {
        let seen = try output(
            of: "stat", "-c", "%F %t:%T %a %u:%g", "/dev/fuse", "/dev/disk", "/dev/pipe", "/opt/outside", "/dev/unbuffered"
        ) {
            $0.linux.devices = [
                device("c", "/dev/fuse", ["major": 10, "minor": 229, "fileMode": 0o640, "uid": 5, "gid": 6]),
                device("b", "/dev/disk", ["major": 8, "minor": 1, "fileMode": 0o600]),
                device("p", "/dev/pipe", ["fileMode": 0o622, "uid": 7]),
                device("c", "/opt/outside", ["major": 1, "minor": 3, "fileMode": 0o666]),
                device("u", "/dev/unbuffered", ["major": 10, "minor": 200, "fileMode": 0o660, "gid": 8]),
            ]
        }
        #expect(
            seen.lines == [
                "character special file a:e5 640 5:6", "block special file 8:1 600 0:0", "fifo 0:0 622 7:0",
                "character special file 1:3 666 0:0", "character special file a:c8 660 0:8",
            ])
    }

    // Unlike a device, a fifo needs no right that a user namespace lacks: mknod(2).
    @Test func fifoIsMadeInAUserNamespaceToo() throws {
        let seen = try output(of: "stat", "-c", "%F %a %u:%g", "/dev/pipe") {
            $0.mapUsers()
            $0.linux.devices = [device("p", "/dev/pipe", ["fileMode": 0o622, "uid": 7, "gid": 8])]
        }
        #expect(seen == "fifo 622 7:8\n")
    }

    // Engines list it, although it's a default device.
    @Test func terminalMultiplexerThatIsListedStaysALink() throws {
        let seen = try output(of: "readlink", "/dev/ptmx") {
            $0.linux.devices = [device("c", "/dev/ptmx", ["major": 5, "minor": 2, "fileMode": 0o666])]
        }
        #expect(seen == "pts/ptmx\n")
    }

    @Test func nodesBelowDirectoriesThatAreMissingAreMade() throws {
        let seen = try output(of: "stat", "-c", "%t:%T", "/dev/net/tun") {
            $0.linux.devices = [device("c", "/dev/net/tun", ["major": 10, "minor": 200, "fileMode": 0o666])]
        }
        #expect(seen == "a:c8\n")
    }

    @Test func modeIsNotCutByTheCallersUmask() throws {
        let bundle = try Bundle {
            $0.linux.devices = [device("c", "/dev/fuse", ["major": 10, "minor": 229, "fileMode": 0o666])]
            $0.runs(arguments: ["stat", "-c", "%a", "/dev/fuse", "/dev/null", "/dev"])
        }
        let finished = try bundle.run { $0.wrap(in: "umask 0177") }
        #expect(finished.output == "666\n666\n755\n", "\(finished)")
    }

    // The specification doesn't say which mode is the default. runc and crun use 0666, and the cgroup restricts access.
    @Test func modeThatIsNotGivenIs0666() throws {
        let seen = try output(of: "stat", "-c", "%a %u:%g", "/dev/fuse", "/dev/disk", "/dev/pipe") {
            $0.linux.devices = [
                device("c", "/dev/fuse", ["major": 10, "minor": 229]), device("b", "/dev/disk", ["major": 8, "minor": 1]),
                device("p", "/dev/pipe"),
            ]
        }
        #expect(seen == "666 0:0\n666 0:0\n666 0:0\n")
    }

    // In a user namespace mknod isn't allowed, so the host's device is bind-mounted. That may be missing, or be another device.
    @Test(arguments: ["missing", "other"]) func deviceThatTheHostLacksIsNamedInAUserNamespace(kind: String) throws {
        let path = try Sandbox.current.directory + "/device"
        if kind == "other" { #expect(mknod(path, 0o020666, h_device(1, 3)) == 0) }
        let bundle = try Bundle {
            $0.mapUsers()
            $0.linux.devices = [device("c", path, ["major": 10, "minor": 229, "fileMode": 0o666])]
        }
        // Init can make the device's parent directory, so only the device itself is the problem.
        #expect(chown(bundle.rootfs + "/tmp", 100_000, 100_000) == 0)
        let message = try bundle.refusal()
        #expect(message.points(to: "/linux/devices/0"))
        let reason = kind == "other" ? "is another device" : "doesn't exist: no such file or directory"
        #expect(message.says("no device may be made here, and the host's own \"\(path)\" \(reason)"))
    }

    // An existing node that matches the config may stay; any other file is an error (config-linux.md, "Devices").
    @Test func sameNodeThatIsThereAlreadyServes() throws {
        let bundle = try Bundle {
            $0.linux.devices = [device("c", "/opt/device", ["major": 10, "minor": 229, "fileMode": 0o666])]
            $0.runs(arguments: ["stat", "-c", "%t:%T", "/opt/device"])
        }
        try makeDirectory(bundle.rootfs + "/opt")
        #expect(mknod(bundle.rootfs + "/opt/device", 0o020666, h_device(10, 229)) == 0)
        #expect(try bundle.output() == "a:e5\n")
    }

    @Test(arguments: ["file", "directory", "link", "fifo", "other number", "block"]) func otherFileThatIsThereIsRefused(
        kind: String
    ) throws {
        let bundle = try Bundle {
            $0.linux.devices = [device("c", "/opt/device", ["major": 10, "minor": 229, "fileMode": 0o666])]
        }
        let path = bundle.rootfs + "/opt/device"
        try makeDirectory(bundle.rootfs + "/opt")
        try write("canary", to: bundle.path + "/outside", mode: 0o600)
        switch kind {
        case "file": try write("kept", to: path)
        case "directory": try makeDirectory(path)
        case "link": try makeLink(path, to: bundle.path + "/outside")
        case "fifo": #expect(mkfifo(path, 0o644) == 0)
        case "other number": #expect(mknod(path, 0o020666, h_device(10, 228)) == 0)
        default: #expect(mknod(path, 0o060666, h_device(10, 229)) == 0)
        }
        let before = try metadata(path)
        let message = try bundle.refusal()
        #expect(message.points(to: "/linux/devices/0"))
        #expect(message.says("/opt/device"))
        let after = try metadata(path)
        #expect(after.st_mode == before.st_mode && after.st_rdev == before.st_rdev)
        #expect(try metadata(bundle.path + "/outside").permissions == 0o600)
        #expect(read(bundle.path + "/outside") == "canary")
    }

    @Test(arguments: [("type", "x"), ("type", "a"), ("path", "dev/fuse"), ("major", "10"), ("fileMode", "0666")])
    func wrongValueIsRefused(property: String, value: String) throws {
        let message = try refusal {
            $0.linux.devices = [device("c", "/dev/fuse", ["major": 10, "minor": 229, "fileMode": 0o666])]
            $0.linux.devices[0][property] = .string(value)
        }
        #expect(message.points(to: "/linux/devices/0/" + property))
    }

    @Test(arguments: ["type", "path", "major", "minor"]) func missingPropertyIsRefused(property: String) throws {
        let message = try refusal {
            $0.linux.devices = [device("c", "/dev/fuse", ["major": 10, "minor": 229])]
            $0.linux.devices[0][property] = .null
        }
        #expect(message.points(to: "/linux/devices/0"))
        #expect(message.says(property))
    }

    // The official suite gives a fifo major and minor numbers.
    @Test func numbersOfAFifoAreIgnored() throws {
        let seen = try output(of: "stat", "-c", "%F", "/dev/pipe") {
            $0.linux.devices = [device("p", "/dev/pipe", ["major": 8, "minor": 16, "fileMode": 432])]
        }
        #expect(seen == "fifo\n")
    }

    // A process that holds the host's inode open could change its mode and owner.
    @Test(arguments: ["missing", "file", "link", "other device"], [true, false])
    func hostsNullDeviceIsNotTheContainersEvenIfThatHasNone(instead: String, isExec: Bool) throws {
        let bundle = try Bundle {
            $0.mounts.remove { ["/dev", "/dev/pts", "/dev/shm"].contains($0.destination.text) }
            $0.runs("sleep 1000")
        }
        let dev = bundle.path + "/dev"
        try makeDirectory(dev)
        switch instead {
        case "missing": break
        case "file": try write("x", to: dev + "/null")
        case "link": try makeLink(dev + "/null", to: "/etc/passwd")
        default: #expect(mknod(dev + "/null", mode_t(S_IFCHR) | 0o666, h_device(1, 5)) == 0)
        }
        bundle.config.mounts.append(.mount("/dev", source: dev, ["rbind"]))
        // A node of the test's own, so that a failure doesn't change the machine's /dev/null.
        let null = bundle.path + "/null"
        #expect(mknod(null, mode_t(S_IFCHR) | 0o666, h_device(1, 3)) == 0 && chmod(null, 0o666) == 0)
        let descriptor = h_open(null, O_RDWR | O_CLOEXEC, 0)
        defer { close(descriptor) }
        let script = "chmod 600 /proc/self/fd/0; chown 5:5 /proc/self/fd/0; read -r line || echo empty"
        let finished: Finished
        if isExec {
            finished = try bundle.start().exec("sh", "-c", script) { $0.descriptors[0] = descriptor }
        } else {
            bundle.config.runs(script)
            finished = try bundle.run { $0.descriptors[0] = descriptor }
        }
        #expect(finished.output == "empty\n", "\(finished)")
        let status = try metadata(null)
        #expect(status.st_mode & 0o7777 == 0o666 && status.st_uid == 0)
    }
}
