import CHarness
import Testing

extension JSON {
    /// A hook that runs a script in a shell of the host's busybox.
    static func hook(_ script: String) -> JSON {
        ["path": .string(Workspace.busybox), "args": ["sh", "-ec", .string(script)]]
    }
}

@Suite("hooks", .needsRoot, .sandboxed)
struct HookTests {
    static let outside = ["prestart", "createRuntime", "poststart", "poststop"]
    static let kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]

    /// A hook of any kind that runs a script. `$out` is the container's /tmp, by its path where the hook runs.
    private func hook(_ kind: String, _ script: String, _ bundle: Bundle) -> JSON {
        guard kind == "startContainer" else { return .hook("out=\(bundle.rootfs)/tmp; " + script) }
        return ["path": "/bin/busybox", "args": ["sh", "-ec", .string("out=/tmp; export PATH=/bin; " + script)]]
    }

    /// Takes a container with these hooks through its whole lifecycle.
    private func live(_ bundle: Bundle) throws {
        let container = try bundle.start()
        #expect(try container.wait() == .exited(0))
        try container.delete()
    }

    @Test func areCalledInOrderAroundTheProcess() throws {
        let bundle = try Bundle { $0.runs("echo process >> /tmp/order") }
        for kind in Self.kinds {
            for number in 1...2 { bundle.config.hooks[kind].append(hook(kind, "echo \(kind) \(number) >> $out/order", bundle)) }
        }
        let container = try bundle.create()
        let order = { read(bundle.rootfs + "/tmp/order").lines }
        let created = Self.kinds.prefix(3).flatMap { ["\($0) 1", "\($0) 2"] }
        #expect(order() == created)
        try container.start()
        #expect(try container.wait() == .exited(0))
        // The process and the poststart hooks run side by side.
        let started = order().dropFirst(created.count)
        #expect(started.prefix(2) == ["startContainer 1", "startContainer 2"])
        #expect(started.dropFirst(2).sorted() == ["poststart 1", "poststart 2", "process"])
        try container.delete()
        #expect(order().suffix(2) == ["poststop 1", "poststop 2"])
    }

    @Test func getTheStateOnStandardInput() throws {
        let bundle = try Bundle { $0.annotations = ["key": "value \"quoted\""] }
        for kind in Self.kinds { bundle.config.hooks[kind] = [hook(kind, "cat > $out/\(kind)", bundle)] }
        let container = try bundle.create()
        try container.start()
        _ = try container.wait()
        try container.delete()
        // runtime.md, "Lifecycle": the first three kinds run in steps 3 to 5, and the container is created from step 2 on.
        let statuses: [String: JSON] = [
            "prestart": "created", "createRuntime": "created", "createContainer": "created", "startContainer": "created",
            "poststart": "running", "poststop": "stopped",
        ]
        for kind in Self.kinds {
            let state = try JSONParser.parse(read(bundle.rootfs + "/tmp/" + kind))
            #expect(state.status == statuses[kind], "\(kind): \(state)")
            #expect(state.id == .string(bundle.id))
            #expect(state.bundle == .string(bundle.path))
            #expect(state.annotations == ["key": "value \"quoted\""])
            #expect(state.ociVersion.text?.hasPrefix("1.") == true)
            // The pid is the process's number in the hook's own pid namespace.
            switch kind {
            case "createContainer", "startContainer": #expect(state.pid == 1, "\(kind)")
            case "poststop": #expect(state.pid == 0 || state.pid == .null)
            default: #expect(state.pid == .number(Int(container.pid)), "\(kind)")
            }
        }
    }

    // A hook must never get the container's environment (CVE-2025-23266).
    @Test(arguments: outside + ["createContainer"]) func mayWriteToFilesThatAnnotationsName(kind: String) throws {
        let bundle = try Bundle()
        bundle.config.annotations = [
            "run.oci.hooks.stdout": .string(bundle.path + "/out"), "run.oci.hooks.stderr": .string(bundle.path + "/err"),
        ]
        bundle.config.hooks[kind] = [.hook("echo one; echo two >&2"), .hook("echo three")]
        try live(bundle)
        #expect(read(bundle.path + "/out") == "one\nthree\n" && read(bundle.path + "/err") == "two\n")
    }

    @Test func poststopRunsThoughItsFileCanNotBeOpened() throws {
        let bundle = try Bundle { $0.annotations = ["run.oci.hooks.stdout": "/no/such/file"] }
        bundle.config.hooks.poststop = [hook("poststop", "echo ran > $out/ran", bundle)]
        try live(bundle)
        #expect(read(bundle.rootfs + "/tmp/ran") == "ran\n")
    }

    // A process that waits for `start` in the container must not hold a file of the host.
    @Test func startContainerHookDoesNotGetTheFile() throws {
        let bundle = try Bundle()
        bundle.config.annotations = ["run.oci.hooks.stdout": .string(bundle.path + "/out")]
        bundle.config.hooks.startContainer = [hook("startContainer", "echo heard; echo ran > $out/ran", bundle)]
        try live(bundle)
        #expect(read(bundle.rootfs + "/tmp/ran") == "ran\n" && !exists(bundle.path + "/out"))
    }

    @Test(arguments: [
        ("relative", "the file \"relative\" for what hooks write isn't an absolute path"),
        ("/no/such/file", "the file for what hooks write can't be opened: no such file or directory"),
    ])
    func fileThatCanNotBeUsedIsNamed(file: String, sentence: String) throws {
        let message = try refusal {
            $0.annotations = ["run.oci.hooks.stderr": .string(file)]
            $0.hooks.createRuntime = [.hook("true")]
        }
        #expect(message.says("/annotations/run.oci.hooks.stderr: " + sentence))
    }

    @Test(arguments: kinds) func getNoEnvironmentOfTheContainers(kind: String) throws {
        let bundle = try Bundle { $0.process.env = ["PATH=/bin", "LD_PRELOAD=/evil.so", "SECRET=1"] }
        try write("", to: bundle.rootfs + "/evil.so")
        let inside = kind == "startContainer"
        let program = inside ? "/bin/probe" : Workspace.probe
        let directory = inside ? "/tmp" : bundle.rootfs + "/tmp"
        bundle.config.hooks[kind] = [
            ["path": .string(program), "args": ["probe", "environment", "\(directory)/none"]],
            ["path": .string(program), "args": ["probe", "environment", "\(directory)/given"], "env": ["ONE=1", "TWO=a b"]],
            ["path": .string(program), "args": ["probe", "environment", "\(directory)/empty"], "env": []],
        ]
        try live(bundle)
        #expect(exists(bundle.rootfs + "/tmp/none") && exists(bundle.rootfs + "/tmp/empty"))
        // As with runc and crun, a hook without `env` inherits the caller's environment if it runs outside the container.
        let callers = Command([]).environment.map { $0 + "\u{0}" }.joined()
        #expect(read(bundle.rootfs + "/tmp/none") == (Self.outside.contains(kind) ? callers : ""))
        #expect(read(bundle.rootfs + "/tmp/given") == "ONE=1\u{0}TWO=a b\u{0}")
        #expect(read(bundle.rootfs + "/tmp/empty").isEmpty)
    }

    // Without `args`, argv[0] must be the hook's path: busybox finds out from argv[0] which command to run.
    @Test(arguments: kinds) func withoutArgumentsGetTheirName(kind: String) throws {
        let bundle = try Bundle()
        let path = kind == "startContainer" ? "/bin/true" : bundle.path + "/true"
        try makeLink(bundle.path + "/true", to: Workspace.busybox)
        bundle.config.hooks[kind] = [["path": .string(path)]]
        let (finished, log) = try bundle.runLogged()
        #expect(finished.succeeded && log.isEmpty, "\(finished)\n\(log)")
    }

    @Test(arguments: outside + ["createContainer"]) func runInTheBundle(kind: String) throws {
        let bundle = try Bundle()
        bundle.config.hooks[kind] = [hook(kind, "pwd -P > $out/cwd", bundle)]
        let container = try bundle.create { $0.directory = "/sys" }
        try container.start()
        #expect(try container.wait() == .exited(0))
        try container.delete()
        #expect(read(bundle.rootfs + "/tmp/cwd").trimmed == bundle.path)
    }

    @Test func poststopRunsInTheRootWhereTheBundleIsGone() throws {
        let bundle = try Bundle { $0.runs(arguments: ["true"]) }
        let seen = try Sandbox.current.directory + "/cwd"
        bundle.config.hooks.poststop = [.hook("pwd -P > \(seen)")]
        let container = try bundle.start()
        #expect(try container.wait() == .exited(0))
        try #require(rename(bundle.path, bundle.path + ".gone") == 0)
        try container.delete()
        #expect(read(seen) == "/\n")
    }

    @Test(arguments: kinds) func argumentsArriveAsTheyAre(kind: String) throws {
        let bundle = try Bundle()
        var odd = hook(kind, "", bundle)
        odd.args.append("zero", "a b", "", "é")
        odd.args[2] = .string(
            "out=\(kind == "startContainer" ? "" : bundle.rootfs)/tmp; for a; do echo \"[$a]\"; done > $out/arguments")
        bundle.config.hooks[kind] = [odd]
        try live(bundle)
        #expect(read(bundle.rootfs + "/tmp/arguments") == "[a b]\n[]\n[é]\n")
    }

    @Test(arguments: outside) func ofTheRuntimeRunInItsNamespaces(kind: String) throws {
        let bundle = try Bundle()
        bundle.config.hooks[kind] = [
            hook(kind, "for n in mnt net pid uts; do readlink /proc/self/ns/$n; done > $out/seen", bundle)
        ]
        try live(bundle)
        let own = ["mnt", "net", "pid", "uts"].map { linkTarget("/proc/self/ns/" + $0) ?? "" }
        #expect(read(bundle.rootfs + "/tmp/seen").lines == own)
    }

    @Test func createContainerRunsInTheContainersNamespacesBeforeThePivot() throws {
        let bundle = try Bundle()
        bundle.config.hooks.createContainer = [
            .hook(
                "for n in mnt net uts; do readlink /proc/self/ns/$n; done > \(bundle.rootfs)/tmp/seen; test -e \(bundle.path)/config.json"
            )
        ]
        let container = try bundle.create()
        let ours = ["mnt", "net", "uts"].map { linkTarget("/proc/\(container.pid)/ns/" + $0) ?? "" }
        #expect(read(bundle.rootfs + "/tmp/seen").lines == ours)
    }

    @Test func startContainerRunsInTheContainerAfterThePivot() throws {
        let bundle = try Bundle()
        bundle.config.hooks.startContainer = [
            hook("startContainer", "pwd > $out/cwd; ls / > $out/root; hostname > $out/name", bundle)
        ]
        bundle.config.hostname = "inside"
        try live(bundle)
        #expect(read(bundle.rootfs + "/tmp/root").lines.contains("proc"))
        #expect(read(bundle.rootfs + "/tmp/cwd") == "/\n")
        #expect(read(bundle.rootfs + "/tmp/name") == "inside\n")
    }

    @Test(arguments: ["prestart", "createRuntime", "createContainer"]) func seeTheMountsBeforeTheyAreTheRoot(kind: String) throws
    {
        let bundle = try Bundle { $0.mounts.append(.mount("/mnt", type: "tmpfs", source: "of-the-container")) }
        // The mounts are only in the container's mount namespace. Hooks that run outside find its table by the process's pid.
        bundle.config.hooks[kind] = [
            hook(
                kind,
                "p=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' | tr -d '\\n'); cat /proc/$([ \(kind) = createContainer ] && echo self || echo $p)/mountinfo > $out/mounts",
                bundle)
        ]
        _ = try bundle.create()
        #expect(
            Mount.table(read(bundle.rootfs + "/tmp/mounts")).contains {
                $0.source == "of-the-container" && $0.path.hasSuffix("/mnt")
            })
    }

    @Test func poststartSeesTheProgramRunning() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        bundle.config.hooks.poststart = [
            hook(
                "poststart", "p=$(tr -d '\\n' | sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); cat /proc/$p/cmdline > $out/seen",
                bundle)
        ]
        _ = try bundle.start()
        #expect(read(bundle.rootfs + "/tmp/seen") == "sleep\u{0}1000\u{0}")
    }

    @Test func poststopSeesNothingLeftOfTheContainer() throws {
        let bundle = try Bundle()
        let cgroups = Cgroup.hierarchies.map { $0 + bundle.cgroup }.joined(separator: " ")
        bundle.config.hooks.poststop = [
            hook("poststop", "for d in \(cgroups); do test -e $d && echo $d; done > $out/left || :", bundle)
        ]
        try live(bundle)
        #expect(exists(bundle.rootfs + "/tmp/left"))
        #expect(read(bundle.rootfs + "/tmp/left").isEmpty)
    }

    @Test func descriptorsOfTheRuntimeAreNotTheirs() throws {
        let bundle = try Bundle()
        for kind in Self.kinds {
            let probe = kind == "startContainer" ? "probe" : Workspace.probe
            bundle.config.hooks[kind] = [hook(kind, "\(probe) descriptors > $out/\(kind)", bundle)]
        }
        try live(bundle)
        for kind in Self.kinds {
            #expect(read(bundle.rootfs + "/tmp/\(kind)").lines.map { $0.words.first } == ["0", "1", "2"], "\(kind)")
        }
    }
}

extension JSON: Hashable {
    func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
