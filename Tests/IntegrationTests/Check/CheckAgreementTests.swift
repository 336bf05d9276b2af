import CHarness
import Testing

/// `check` says beforehand what `create` does.
@Suite("check agrees with create", .needsRoot, .sandboxed)
struct CheckAgreementTests {
    @Test(arguments: BrokenBundle.all) func errorOfCreateIsAmongThoseOfCheck(broken: BrokenBundle) throws {
        let bundle = try Bundle { broken.configure(&$0) }
        let checked = try bundle.check()
        let message = try bundle.refusal()
        #expect(checked.status == broken.status, "\(checked.finished)")
        #expect(checked.errors.contains { message.contains($0) }, "\(checked.errors)\n\(message)")
        #expect(checked.errors.count == 1, "what follows from an error isn't one: \(checked.errors)")
        #expect(checked.report.plan == [:] || broken.status == 1)
    }

    @Test func standardBundleRuns() throws {
        let bundle = try Bundle()
        let checked = try bundle.check()
        #expect(checked.status == 0, "\(checked.finished)")
        #expect(checked.report.verdict == "runs")
        _ = try bundle.create()
    }

    /// All errors that don't depend on each other are reported at once, at their places in the file.
    @Test func reportsAllErrorsAtOnce() throws {
        let bundle = try Bundle {
            $0.process.cwd = 7
            $0.process.rlimits = [["type": "RLIMIT_FILES"], ["type": "RLIMIT_NPROC", "soft": 5, "hard": 3]]
            $0.mounts = [
                ["destination": 1], .mount("/a", type: "bind", source: "/none/1", ["bind"]), ["destination": 2],
                .mount("/b", type: "bind", source: "/none/2", ["bind"]), .mount("/", type: "tmpfs", source: "tmpfs"),
            ]
            $0.linux.sysctl = ["vm.swappiness": "1"]
            $0.hooks.createRuntime = [["path": "relative"], ["path": "/none/3"]]
        }
        let checked = try bundle.check()
        #expect(checked.status == 2)
        for pointer in [
            "/process/cwd: ", "/process/rlimits/0/type: ", "/process/rlimits/1", "/mounts/0/destination: ", "/mounts/1 (/a): ",
            "/mounts/2/destination: ", "/mounts/3 (/b): ", "/mounts/4/destination: ", "/linux/sysctl/vm.swappiness: ",
            "/hooks/createRuntime/0/path: ", "/hooks/createRuntime/1: ",
        ] {
            #expect(checked.errors.contains { $0.hasPrefix(pointer) }, "\(pointer) \(checked.errors)")
        }
        #expect(checked.errors.count == 11, "\(checked.errors)")
    }

    @Test func invalidJSONIsInvalid() throws {
        let bundle = try Bundle()
        try write("{", to: bundle.path + "/config.json")
        let checked = try Checked(bundle.sandbox.command(["check", "--json", "--bundle", bundle.path]))
        #expect(checked.status == 2)
        #expect(checked.errors == ["not valid JSON: the document ends too early, at byte 1 (line 1, column 2)"])
    }

    @Test func missingBundleIsInvalid() throws {
        let bundle = try Bundle()
        let checked = try Checked(bundle.sandbox.command(["check", "--json", "--bundle", bundle.path + "/none"]))
        #expect(checked.status == 2)
        #expect(checked.errors.first?.contains("can't be opened") == true)
    }

    @Test func misspeltPropertyIsNamedWithTheNearestOne() throws {
        let bundle = try Bundle {
            $0.process.capabilites = [:]
            $0.mounts.append(["destinaton": "/mnt", "type": "tmpfs"])
        }
        let checked = try bundle.check()
        #expect(checked.status == 2)
        #expect(checked.messages("warning").contains { $0.contains("/process/capabilites (did you mean capabilities?)") })
        #expect(checked.messages("note").contains("/mounts/5/destinaton: unknown property (did you mean destination?)"))
    }

    // MARK: A host that has less

    @Test func hostWithoutCgroups() throws {
        try expectRefusal { command in
            command.arguments = [Workspace.busybox, "unshare", "-m"] + command.arguments
            command.wrap(inMountNamespaceWith: "mount -t tmpfs none /sys/fs/cgroup")
        }
    }

    /// The limit belongs to a user namespace of the test's, in which the runtime is root.
    @Test(arguments: ["net", "ipc", "uts", "pid", "cgroup"]) func hostWithoutNamespaces(kind: String) throws {
        try expectRefusal { command in
            command.wrap(in: "echo 0 > /proc/sys/user/max_\(kind)_namespaces")
            command.arguments = [Workspace.busybox, "unshare", "-Ur"] + command.arguments
        }
    }

    /// Expects that `create` refuses a bundle on a host that has less, and that `check` says so in the same words.
    private func expectRefusal(onHostThat hasLess: (inout Command) -> Void) throws {
        let bundle = try Bundle()
        let checked = try bundle.check(adjusting: hasLess)
        var create = try bundle.command("create")
        hasLess(&create)
        let message = try bundle.refusal(by: create)
        #expect(checked.status == 1, "\(checked.finished)")
        #expect(checked.errors.contains { message.contains($0) }, "\(checked.errors)\n\(message)")
    }

    // MARK: Nothing changes

    @Test func changesNothingOnTheHost() throws {
        let source = try Sandbox.current.directory + "/source"
        try makeDirectory(source)
        let bundle = try Bundle {
            $0.mounts.append(.mount("/new/folder", type: "tmpfs", source: "tmpfs"))
            $0.mounts.append(.mount("/new/file", type: "bind", source: "/etc/passwd", ["bind"]))
            $0.mounts.append(.mount("/tmp", type: "bind", source: source, ["bind", "rw"]))
            $0.mounts.append(.mount("/tmp/new", type: "tmpfs", source: "tmpfs"))
            $0.process.cwd = "/new/directory"
            $0.linux.sysctl = ["kernel.msgmax": "4321"]
            $0.hostname = "somewhere"
            $0.linux.seccomp = ["defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]]
        }
        try bundle.writeConfig()
        func state() -> [String] {
            [
                read("/proc/self/mountinfo"), read("/proc/sys/kernel/msgmax"), read("/proc/sys/kernel/hostname"),
                "\(entries(of: bundle.rootfs))", "\(entries(of: bundle.path))", "\(entries(of: source))",
                "\(exists(bundle.sandbox.root))",
                "\(Cgroup.directories(bundle.cgroup))", "\(entries(of: "/run/wherry.cache/seccomp"))",
            ]
        }
        let before = state()
        let checked = try bundle.check()
        #expect(checked.status == 0, "\(checked.finished)")
        #expect(checked.messages("note").count == 1, "\(checked.finished)")
        #expect(state() == before)
        #expect(bundle.sandbox.leftovers(of: "ID") == nil)
    }

    /// Through the namespaces of others nothing is changed either.
    @Test func changesNothingInJoinedNamespaces() throws {
        let namespaces = try Namespaces(["uts", "ipc", "network"])
        let bundle = try Bundle {
            for type in ["uts", "ipc", "network"] { $0.join(namespace: type, at: namespaces.path(type)) }
            $0.hostname = "changed"
            $0.linux.sysctl = ["kernel.msgmax": "4321"]
        }
        #expect(try bundle.check().status == 0)
        let inside = try Command(
            ["nsenter", "-t", "\(namespaces.pid)", "-u", "-i", "cat", "/proc/sys/kernel/msgmax", "/proc/sys/kernel/hostname"]
        ).run().output
        #expect(!inside.contains("4321") && !inside.contains("changed"), "\(inside)")
        #expect(inside.lines.count == 2)
    }
}

extension Command {
    /// Runs a shell script first, in the mount namespace that this command makes.
    fileprivate mutating func wrap(inMountNamespaceWith script: String) {
        let first = arguments.prefix(3)
        arguments = first + [Workspace.busybox, "sh", "-ec", script + "; exec \"$@\"", "sh"] + arguments.dropFirst(3)
    }
}
