import CHarness
import Testing

@Suite("create", .needsRoot, .sandboxed)
struct CreateTests {
    @Test func runsNothingBeforeStart() throws {
        let container = try Bundle { $0.runs("echo ran") }.create()
        #expect(try container.status() == "created")
        #expect(container.output.isEmpty)
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "ran\n")
    }

    // The test looks from the host, before any of the container's own code runs.
    @Test func appliesAllButTheProcess() throws {
        let bundle = try Bundle {
            $0.root.readonly = true
            $0.hostname = "made-at-create"
            $0.domainname = "example.org"
            $0.annotations = ["kept": "yes"]
            $0.mounts.append(.mount("/srv", type: "tmpfs", source: "tmpfs", ["size=4096k", "mode=0711", "noexec"]))
            $0.linux.namespaces.append(["type": "time"])
            $0.linux.timeOffsets = ["monotonic": ["secs": 1_000_000]]
            $0.linux.sysctl = ["net.ipv4.ip_forward": "1", "kernel.msgmax": "4321"]
            $0.linux.devices = [
                ["type": "c", "path": "/dev/listed", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 7, "gid": 8]
            ]
            $0.linux.maskedPaths = ["/proc/version", "/etc"]
            $0.linux.readonlyPaths = ["/proc/sys"]
            $0.linux.rootfsPropagation = "private"
            $0.linux.resources = ["pids": ["limit": 42]]
            $0.process.oomScoreAdj = 321
            $0.process.rlimits = [["type": "RLIMIT_CORE", "soft": 4096, "hard": 8192]]
            $0.runs("echo ran")
        }
        try write("hidden", to: bundle.rootfs + "/etc/file")
        for kind in ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"] {
            bundle.config.hooks[kind] = [
                ["path": .string(Workspace.busybox), "args": ["sh", "-c", .string("echo \(kind) >>\(bundle.path)/hooks")]]
            ]
        }
        let container = try bundle.create()
        let process = "/proc/\(container.pid)"
        for type in ["pid", "net", "ipc", "uts", "mnt", "cgroup", "time"] {
            #expect(linkTarget(process + "/ns/" + type) != linkTarget("/proc/self/ns/" + type), "\(type)")
        }
        func inside(_ arguments: String...) throws -> String {
            try Command(
                ["nsenter", "--uts=" + process + "/ns/uts", "--net=" + process + "/ns/net", "--ipc=" + process + "/ns/ipc"]
                    + arguments
            )
            .run().output.trimmed
        }
        #expect(try inside("cat", "/proc/sys/kernel/hostname") == "made-at-create")
        #expect(try inside("cat", "/proc/sys/kernel/domainname") == "example.org")
        #expect(try inside("cat", "/proc/sys/kernel/msgmax") == "4321")
        #expect(try inside("cat", "/proc/sys/net/ipv4/ip_forward") == "1")
        #expect(read(process + "/timens_offsets").contains("1000000"))

        let mounts = Mount.table(read(process + "/mountinfo"))
        #expect(mounts.first { $0.path == "/" }?.options.contains("ro") == true)
        #expect(mounts.first { $0.path == "/" }.map { $0.propagation.isEmpty } == true)
        let volume = try #require(mounts.first { $0.path == "/srv" })
        #expect(volume.type == "tmpfs" && volume.options.contains("noexec") && volume.superOptions.contains("size=4096k"))
        #expect(mounts.contains { $0.path == "/proc/sys" && $0.options.contains("ro") })
        #expect(mounts.contains { $0.path == "/proc/version" } && mounts.contains { $0.path == "/etc" })
        for path in ["/proc", "/dev", "/dev/pts", "/dev/shm", "/sys"] { #expect(mounts.contains { $0.path == path }, "\(path)") }

        let root = process + "/root"
        #expect(try metadata(root + "/srv").permissions == 0o711)
        #expect(entries(of: root + "/etc").isEmpty)
        let device = try metadata(root + "/dev/listed")
        #expect(device.kind == .character && device.device == [1, 3] && device.permissions == 0o640)
        #expect(device.st_uid == 7 && device.st_gid == 8)
        #expect(try metadata(root + "/dev/null").kind == .character && linkTarget(root + "/dev/fd") == "/proc/self/fd")

        #expect(read(try #require(Cgroup.directory("pids", bundle.cgroup)) + "/pids.max").trimmed == "42")
        #expect(try container.state().annotations == ["kept": "yes"])
        #expect(read(bundle.path + "/hooks").lines == ["prestart", "createRuntime", "createContainer"])
        #expect(container.output.isEmpty)
    }

    @Test func refusesAnIDThatIsTaken() throws {
        let container = try Bundle().create()
        let again = try container.bundle.command("create").run()
        #expect(again.ending == .exited(1))
        #expect(again.errors.says("container with given ID already exists"))
        #expect(try container.status() == "created")
        #expect(try container.state().pid == .number(Int(container.pid)))
    }

    @Test func refusesWithoutAnID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        #expect(try bundle.sandbox.runtime("create", "--bundle", bundle.path).ending == .exited(1))
        #expect(entries(of: bundle.sandbox.root).isEmpty)
    }

    @Test func refusesABundleThatIsNotThere() throws {
        let sandbox = try Sandbox.current
        let finished = try sandbox.runtime("create", "--bundle", sandbox.directory + "/nowhere", "c1")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("no such file or directory") || finished.errors.says("doesn't exist"))
        #expect(sandbox.leftovers(of: "c1") == nil)
    }

    @Test func takesTheCurrentDirectoryForTheBundle() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        var command = bundle.sandbox.command(["create", bundle.id])
        command.directory = bundle.path
        #expect(try command.run().succeeded)
        #expect(try Container(of: bundle).state().bundle == .string(bundle.path))
    }

    @Test func takesOptionsAfterTheID() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        #expect(try bundle.sandbox.runtime("create", bundle.id, "--bundle", bundle.path).succeeded)
    }

    @Test func givesTheAbsolutePathOfARelativeBundle() throws {
        let bundle = try Bundle()
        try bundle.writeConfig()
        var command = bundle.sandbox.command(["create", "-b", "bundle1/../bundle1", bundle.id])
        command.directory = bundle.sandbox.directory
        #expect(try command.run().succeeded)
        #expect(try Container(of: bundle).state().bundle == .string(bundle.path))
    }

    @Test func configChangedAfterwardsHasNoEffect() throws {
        let container = try Bundle {
            $0.runs("echo $A; hostname")
            $0.hostname = "before"
            $0.process.env = ["PATH=/bin", "A=before"]
        }.create()
        container.bundle.config.hostname = "after"
        container.bundle.config.process.env = ["PATH=/bin", "A=after"]
        container.bundle.config.runs("echo something else")
        container.bundle.config.annotations = ["new": "one"]
        try container.bundle.writeConfig()
        #expect(try container.state().annotations["new"] == .null)
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "before\nbefore\n")
    }

    // With a hook, `start` reads the configuration that `create` kept.
    @Test(arguments: [false, true]) func needsNoConfigAfterwards(hasHook: Bool) throws {
        let container = try Bundle {
            $0.runs("echo ran")
            if hasHook { $0.hooks.poststart = [.hook(":")] }
        }.create()
        unlink(container.bundle.path + "/config.json")
        #expect(try container.status() == "created")
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "ran\n")
        try container.delete()
    }

    @Test func needsNoProcess() throws {
        let container = try Bundle { $0.process = .null }.create()
        #expect(try container.status() == "created")
        let message = try container.refusal(of: "start")
        #expect(message.says("process"))
        #expect(try container.status() == "created")
    }

    @Test func idIsFreeAgainAfterDelete() throws {
        let bundle = try Bundle { $0.runs("echo again") }
        try bundle.create().delete()
        let container = try bundle.create()
        try container.start()
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "again\n")
    }

    @Test func processIsAChildOfTheCallersSubreaper() throws {
        let container = try Bundle().create()
        let fields = read("/proc/\(container.pid)/stat").split(separator: ")").last?.words ?? []
        #expect(fields.dropFirst().first == String(getpid()))
    }

    @Test func leavesNoOtherProcessBehind() throws {
        let container = try Bundle { $0.drop(namespace: "pid") }.create()
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }
}
