import CHarness
import Testing

/// Which of the caller's descriptors the container's process gets, and which it doesn't.
@Suite("inherited descriptors", .needsRoot, .sandboxed)
struct InheritedDescriptorTests {
    enum Kind: CaseIterable { case run, create, exec }

    private func open(_ path: String, _ flags: Int32 = O_RDONLY) throws -> Int32 {
        let descriptor = h_open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw HarnessFailure.system(path) }
        return descriptor
    }

    private func numbers(_ text: String) -> [String] { text.lines.compactMap { $0.words.first } }

    /// The numbers of the descriptors that a process has if the command gets these options and descriptors.
    private func seen(_ kind: Kind, _ options: [String], _ descriptors: [Int32: Int32], global: [String] = []) throws -> [String]
    {
        switch kind {
        case .run, .create:
            let bundle = try Bundle { $0.runs(arguments: ["probe", "descriptors"]) }
            var command = try bundle.command(kind == .run ? "run" : "create", options, global: global)
            command.descriptors = descriptors
            let finished = try command.run()
            guard finished.succeeded else { throw HarnessFailure("\(finished)") }
            if kind == .create {
                let container = try Container(of: bundle, finished)
                try container.start()
                #expect(try container.wait() == .exited(0))
            }
            return numbers(finished.output)
        case .exec:
            var command = try resting().joining(["probe", "descriptors"], options: options, global: global)
            command.descriptors = descriptors
            return numbers(try command.run().output)
        }
    }

    // For `exec --preserve-fd 7` podman passes --preserve-fds 5, though of the numbers 3 to 7 only 7 is open.
    @Test(arguments: Kind.allCases) func numbersThatAreNotOpenStayClosed(kind: Kind) throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        #expect(try seen(kind, ["--preserve-fds", "5"], [7: file]) == ["0", "1", "2", "7"])
    }

    @Test(arguments: Kind.allCases) func numbersThatNobodyHasAreNoError(kind: Kind) throws {
        #expect(try seen(kind, ["--preserve-fds", "1000"], [:]) == ["0", "1", "2"])
        #expect(try seen(kind, ["--preserve-fds", "2147483647"], [:]) == ["0", "1", "2"])
    }

    // The log is opened before everything else, so it takes the lowest free number.
    @Test(arguments: Kind.allCases) func logIsNotAmongThem(kind: Kind) throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        let log = try Sandbox.current.directory + "/log"
        #expect(try seen(kind, ["--preserve-fds", "3"], [5: file], global: ["--log", log]) == ["0", "1", "2", "5"])
        #expect(try seen(kind, ["--preserve-fds", "3"], [:], global: ["--log", log]) == ["0", "1", "2"])
    }

    @Test func numbersThatAreNotOpenAreClosedToHooksToo() throws {
        let bundle = try Bundle()
        let file = try open("/etc/passwd")
        defer { close(file) }
        for kind in HookTests.kinds {
            let path = kind == "startContainer" ? "/bin/busybox" : Workspace.busybox
            let (probe, out) = kind == "startContainer" ? ("/bin/probe", "/tmp") : (Workspace.probe, bundle.rootfs + "/tmp")
            bundle.config.hooks[kind] = [
                ["path": .string(path), "args": ["sh", "-ec", .string("\(probe) descriptors > \(out)/\(kind)")]]
            ]
        }
        let finished = try bundle.run(["--preserve-fds", "5"]) { $0.descriptors = [7: file] }
        #expect(finished.succeeded, "\(finished)")
        for kind in HookTests.kinds { #expect(numbers(read(bundle.rootfs + "/tmp/" + kind)) == ["0", "1", "2"], "\(kind)") }
    }

    // CVE-2024-21626: no descriptor of our own may take a number in the range that is reserved for the container.
    @Test func nothingOfTheHostsTakesANumberThatIsFree() throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        let container = try Bundle().create(["--preserve-fds", "20"]) { $0.descriptors = [22: file] }
        let targets = (3...22).map { linkTarget("/proc/\(container.pid)/fd/\($0)") ?? "none" }
        #expect(targets.last == "/etc/passwd")
        for target in targets.dropLast() { #expect(target.hasPrefix("/memfd:"), "\(targets)") }
    }

    @Test(arguments: [Kind.run, .exec]) func freeNumberIsNoWorkingDirectory(kind: Kind) throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        for number in 3...12 {
            let finished = try list("/proc/self/fd/\(number)", by: kind, ["--preserve-fds", "10"], [12: file])
            #expect(!finished.succeeded && finished.output.isEmpty, "\(number): \(finished)")
        }
    }

    /// Lists the working directory, which is this place.
    private func list(_ place: String, by kind: Kind, _ options: [String], _ descriptors: [Int32: Int32]) throws -> Finished {
        guard kind != .exec else {
            return try resting().exec("ls", options: options + ["--cwd", place]) { $0.descriptors = descriptors }
        }
        let bundle = try Bundle {
            $0.process.cwd = .string(place)
            $0.runs(arguments: ["ls"])
        }
        return try bundle.run(options) { $0.descriptors = descriptors }
    }

    /// Opens a directory of the host's, which has one file.
    private func hostsDirectory() throws -> Int32 {
        let path = try Sandbox.current.directory + "/outside"
        try makeDirectory(path)
        try write("", to: path + "/of-the-host")
        return try open(path, O_RDONLY | O_DIRECTORY)
    }

    // CVE-2024-21626 again: the caller hands the directory over, and the configuration names it.
    @Test(arguments: [Kind.run, .exec]) func hostsDirectoryIsNoWorkingDirectory(kind: Kind) throws {
        let directory = try hostsDirectory()
        defer { close(directory) }
        let place = "/proc/self/fd/3"
        let finished = try list(place, by: kind, ["--preserve-fds", "1"], [3: directory])
        #expect(!finished.succeeded && finished.output.isEmpty, "\(finished)")
        #expect(finished.message.says("chdir to cwd (\"\(place)\") set in config.json failed"))
    }

    // `create` finds a directory of the container's, which leads to the host only when the program starts.
    @Test func hostsDirectoryIsNoWorkingDirectoryThroughALinkOfAHooks() throws {
        let directory = try hostsDirectory()
        defer { close(directory) }
        let bundle = try Bundle {
            $0.process.cwd = "/work"
            $0.runs(arguments: ["ls"])
            let script: JSON = "export PATH=/bin; rmdir /work; ln -s /proc/self/fd/3 /work"
            $0.hooks.startContainer = [["path": "/bin/busybox", "args": ["sh", "-ec", script]]]
        }
        let finished = try bundle.run(["--preserve-fds", "1"]) { $0.descriptors = [3: directory] }
        #expect(linkTarget(bundle.rootfs + "/work") == "/proc/self/fd/3")
        #expect(!finished.succeeded && finished.output.isEmpty, "\(finished)")
        #expect(finished.message.says("chdir to cwd (\"/work\") set in config.json failed"))
    }

    // MARK: LISTEN_FDS

    private func activated(
        _ variables: [String], script: String = "", descriptors: [Int32: Int32] = [:],
        _ configure: (inout JSON) -> Void = { _ in }
    ) throws -> (Bundle, Finished) {
        let bundle = try Bundle {
            $0.runs("env | grep LISTEN_ | sort; probe descriptors")
            configure(&$0)
        }
        let finished = try bundle.run {
            $0.environment += variables
            $0.descriptors = descriptors
            if !script.isEmpty { $0.wrap(in: script) }
        }
        return (bundle, finished)
    }

    // sd_listen_fds(3): the descriptors are for the process whose pid is LISTEN_PID.
    @Test(arguments: [["LISTEN_FDS=1", "LISTEN_PID=1"], ["LISTEN_FDS=1"], ["LISTEN_FDS=99999999999"], ["LISTEN_FDS=x"]])
    func socketsThatAreForAnotherAreNotPassedOn(variables: [String]) throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        for descriptors in [[:], [3: file]] as [[Int32: Int32]] {
            let (_, finished) = try activated(variables, descriptors: descriptors)
            #expect(numbers(finished.output) == ["0", "1", "2"], "\(finished)")
        }
    }

    @Test(arguments: [
        ("99999999999", "file descriptor 4 is not open"), ("2", "file descriptor 4 is not open"),
        ("x", "not a number of descriptors"), ("-1", "not a number of descriptors"),
        ("99999999999999999999", "not a number of descriptors"),
    ])
    func socketsThatAreNotThereAreNamedAsTheyWereGiven(value: String, complaint: String) throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        let (bundle, finished) = try activated(
            ["LISTEN_FDS=" + value], script: "export LISTEN_PID=$$", descriptors: [3: file])
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("LISTEN_FDS=\(value): \(complaint)"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    // podman sets these variables in config.json too.
    @Test func variablesOfTheSocketsAreThereOnce() throws {
        let file = try open("/etc/passwd")
        defer { close(file) }
        let (_, finished) = try activated(
            ["LISTEN_FDS=1"], script: "export LISTEN_PID=$$", descriptors: [3: file, 4: file]
        ) { $0.process.env.append("LISTEN_FDS=5", "LISTEN_PID=7", "LISTEN_FDNAMES=one") }
        #expect(finished.output.lines.prefix(3) == ["LISTEN_FDNAMES=one", "LISTEN_FDS=1", "LISTEN_PID=1"], "\(finished)")
        #expect(numbers(finished.output).suffix(4) == ["0", "1", "2", "3"], "\(finished)")
    }

    // MARK: Files that are named by a descriptor

    @Test(arguments: ["/dev/fd/5", "/proc/self/fd/5", "/dev/stdin", "/dev/fd/0"]) func processFileMayBeADescriptor(path: String)
        throws
    {
        let container = try resting()
        let file = try open(try container.file(of: .process("probe descriptors")))
        defer { close(file) }
        let finished = try container.exec(options: ["--process", path]) { $0.descriptors = [0: file, 5: file] }
        #expect(numbers(finished.output) == ["0", "1", "2"], "\(finished)")
    }

    // A pipe of bash's <(…), whose program writes late.
    @Test(arguments: ["/dev/fd/7", "/dev/stdin"]) func processFileMayBeAPipe(path: String) throws {
        let container = try resting()
        let file = try container.file(of: .process("echo ran"))
        let finished = try container.exec(options: ["--process", path]) {
            $0.arguments =
                [
                    Workspace.busybox, "sh", "-c",
                    "{ head -c 20 \(file); sleep 0.3; tail -c +21 \(file); } | { exec 7<&0; exec \"$@\"; }", "sh",
                ] + $0.arguments
        }
        #expect(finished.output == "ran\n", "\(finished)")
    }

    @Test func emptyPipeIsNoProcessFile() throws {
        let container = try resting()
        #expect(mkfifo(container.bundle.path + "/fifo", 0o600) == 0)
        let message = try container.refusalOfExec(options: ["--process", container.bundle.path + "/fifo"])
        #expect(message.says("the document is empty"))
    }

    @Test func bundleMayBeADescriptor() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "descriptors"]) }
        try bundle.writeConfig()
        let directory = try open(bundle.path, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        for path in ["/proc/self/fd/9", "/dev/fd/9/."] {
            var command = bundle.sandbox.command(["run", "--bundle", path, bundle.id])
            command.descriptors = [9: directory]
            #expect(numbers(try command.run().output) == ["0", "1", "2"], "\(path)")
        }
    }

    @Test func stateRootAndPidFileMayBeByDescriptor() throws {
        let bundle = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }
        try bundle.writeConfig()
        try makeDirectory(bundle.sandbox.root, mode: 0o700)
        let root = try open(bundle.sandbox.root, O_RDONLY | O_DIRECTORY)
        let directory = try open(bundle.path, O_RDONLY | O_DIRECTORY)
        defer { for descriptor in [root, directory] { close(descriptor) } }
        var command = Command([
            Workspace.runtime, "--root", "/proc/self/fd/8", "create", "--bundle", bundle.path, "--pid-file",
            "/proc/self/fd/9/pid",
            bundle.id,
        ])
        command.descriptors = [8: root, 9: directory]
        let finished = try command.run()
        #expect(finished.succeeded, "\(finished)")
        let container = try Container(of: bundle, finished)
        #expect(read(bundle.path + "/pid") == "\(container.pid)")
    }
}
