import CHarness
import Testing

/// A bundle whose root has busybox and the probe, and the container that is made from this bundle.
final class Bundle {
    let sandbox: Sandbox
    let path: String
    let id: String
    var config: JSON = .standardConfig

    var rootfs: String { path + "/rootfs" }
    var cgroup: String { sandbox.cgroup(of: id) }

    /// Makes the bundle's directory and its root. Without an id, the container gets a unique one.
    init(id: String? = nil, _ configure: (inout JSON) throws -> Void = { _ in }) throws {
        sandbox = try Sandbox.current
        let number = sandbox.nextBundle()
        path = sandbox.directory + "/bundle\(number)"
        self.id = id ?? "c\(number)"
        try makeRoot()
        config.linux.cgroupsPath = .string(sandbox.cgroup(of: self.id))
        try configure(&config)
        sandbox.willDelete(self.id)
    }

    /// The commands that are symbolic links to busybox.
    private static let applets = [
        "awk", "basename", "cat", "chmod", "chown", "cut", "date", "dd", "df", "dirname", "echo", "env", "false", "find", "grep",
        "head",
        "hostname", "id", "ifconfig", "ip", "ipcs", "kill", "ln", "ls", "mkdir", "mknod", "mount", "mv", "nice", "od", "printenv",
        "ps",
        "pwd", "readlink", "rm", "rmdir", "sed", "sh", "sleep", "sort", "stat", "stty", "tail", "tee", "test", "touch", "tr",
        "true",
        "tty", "umount", "uname", "unshare", "wc", "yes",
    ]

    private func makeRoot() throws {
        let programs = try Workspace.directory.get()
        try makeDirectory(rootfs)
        for name in ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var"] { try makeDirectory(rootfs + "/" + name) }
        for program in ["busybox", "probe"] {
            // Hard links, not copies: tests only read these files, so a container's root can't change them for another test.
            guard link(programs + "/" + program, rootfs + "/bin/" + program) == 0 else {
                throw HarnessFailure.system("link \(program)")
            }
        }
        for applet in Self.applets { try makeLink(rootfs + "/bin/" + applet, to: "busybox") }
    }

    /// Writes `config` to the bundle's config.json.
    func writeConfig() throws { try write(config.description, to: path + "/config.json") }

    /// Writes config.json, and returns the runtime's command for this bundle.
    func command(_ name: String, _ options: [String] = [], global: [String] = []) throws -> Command {
        try writeConfig()
        return sandbox.command([name, "--bundle", path] + options + [id], global: global)
    }

    /// Runs the container until its process ends.
    func run(_ options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws -> Finished {
        var command = try command("run", options)
        adjust(&command)
        return try command.run()
    }

    /// Runs the container with a log file: warnings appear only there, because stderr belongs to the container's process.
    func runLogged() throws -> (finished: Finished, log: String) {
        let log = path + "/log"
        let finished = try command("run", global: ["--log", log, "--log-format", "json"]).run()
        return (finished, read(log))
    }

    /// Runs the container, which must end with status 0, and returns what it wrote.
    func output() throws -> String {
        let finished = try run()
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return finished.output
    }

    /// Creates the container. Throws if that fails.
    func create(_ options: [String] = [], adjusting adjust: (inout Command) -> Void = { _ in }) throws -> Container {
        var command = try command("create", options)
        adjust(&command)
        let created = try command.run()
        guard created.succeeded else { throw HarnessFailure("\(created)") }
        let container = try Container(of: self, created)
        guard container.pid > 0 else { throw HarnessFailure("its process has ended: \(try container.state()) \(created)") }
        return container
    }

    /// Creates the container, and takes its terminal from a console socket.
    func createWithTerminal() throws -> (Container, Terminal) {
        let path = self.path + "/console.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let container = try create(["--console-socket", path])
        return (container, Terminal(descriptor: try Received(from: listener).descriptor))
    }

    /// Creates and starts the container.
    func start() throws -> Container {
        let container = try create()
        try container.start()
        return container
    }

    /// The runtime's message about a container that it can't or won't make. The test fails unless the runtime writes a message,
    /// exits with status 1 and leaves nothing of the container.
    func refusal(by name: String = "create", options: [String] = []) throws -> String {
        try refusal(by: command(name, options))
    }

    /// The runtime's message if this command can't or won't make the container, with the same checks.
    func refusal(by command: Command) throws -> String {
        let finished = try command.run()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(!finished.errors.isEmpty)
        if let left = sandbox.leftovers(of: id) { Issue.record("left by a refused container: \(left)") }
        return finished.message
    }
}

/// A container that has been created.
final class Container {
    let bundle: Bundle
    private let created: Finished?
    let pid: pid_t

    var id: String { bundle.id }
    private var sandbox: Sandbox { bundle.sandbox }

    init(of bundle: Bundle, _ created: Finished? = nil) throws {
        self.bundle = bundle
        self.created = created
        let state = try bundle.sandbox.runtime("state", bundle.id)
        guard let pid = try JSONParser.parse(state.output).pid.integer else { throw HarnessFailure("no pid: \(state)") }
        self.pid = pid_t(pid)
        bundle.sandbox.willReap(self.pid)
    }

    /// What the container's process has written so far.
    var output: String { created?.output ?? "" }
    var errors: String { created?.errors ?? "" }

    /// The output of `state`. Throws if the command fails.
    func state() throws -> JSON {
        let finished = try sandbox.runtime("state", id)
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
        return try JSONParser.parse(finished.output)
    }

    /// The status in the output of `state`.
    func status() throws -> String { try state().status.text ?? "none" }

    /// Runs `start`. Throws if the command fails.
    func start() throws { try expectSuccess("start", id) }
    /// Runs `delete`. Throws if the command fails.
    func delete(_ options: String...) throws { try expectSuccess(["delete"] + options + [id]) }
    /// Runs `kill`. Throws if the command fails.
    func kill(_ signal: String...) throws { try expectSuccess(["kill", id] + signal) }

    private func expectSuccess(_ arguments: String...) throws { try expectSuccess(arguments) }

    private func expectSuccess(_ arguments: [String]) throws {
        let finished = try sandbox.command(arguments).run()
        guard finished.succeeded else { throw HarnessFailure("\(finished)") }
    }

    /// The message of a command that must fail with status 1.
    func refusal(of arguments: String...) throws -> String {
        let finished = try sandbox.command(arguments + [id]).run()
        #expect(finished.ending == .exited(1), "\(finished)")
        return finished.message
    }

    /// Waits for the end of the container's process, and reaps it as an engine does.
    func wait() throws -> Ending {
        guard let ending = try reap(pid) else { throw HarnessFailure("the container's process doesn't end; it wrote: \(output)") }
        return ending
    }

    /// Waits for the end of the container's process without reaping it, so that it stays a zombie.
    func waitUntilZombie() throws {
        try eventually("a zombie") { read("/proc/\(pid)/stat").contains(") Z ") }
    }

    /// Waits until the container's process has written a text.
    func waitFor(_ text: String) throws {
        try eventually("\"\(text)\" written by the container") { output.contains(text) }
    }
}

/// The time of CLOCK_MONOTONIC.
func secondsOfClock() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// Checks a condition every 5 ms until it holds. Throws when the time is over.
func eventually(_ what: String, within seconds: Double = Command.deadline, _ condition: () throws -> Bool) throws {
    // The condition may take much longer than the pause, as a command does.
    let end = secondsOfClock() + seconds
    repeat {
        if try condition() { return }
        usleep(5000)
    } while secondsOfClock() < end
    throw HarnessFailure("not within \(seconds) s: \(what)")
}

/// Runs a command in a new container, which must end with status 0, and returns what it wrote.
func output(of arguments: String..., configure: (inout JSON) throws -> Void = { _ in }) throws -> String {
    let bundle = try Bundle(configure)
    bundle.config.runs(arguments: arguments)
    return try bundle.output()
}

/// Runs a shell script in a new container, which must end with status 0, and returns what it wrote.
func output(ofScript script: String, configure: (inout JSON) throws -> Void = { _ in }) throws -> String {
    try output(of: "sh", "-ec", script, configure: configure)
}

/// The runtime's message about a config that it must refuse.
func refusal(configure: (inout JSON) throws -> Void) throws -> String { try Bundle(configure).refusal() }

/// Checks of the runtime's messages. A missing text is reported together with the whole message.
extension String {
    /// Whether the message contains these words.
    func says(_ words: some StringProtocol, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        if contains(words) { return true }
        Issue.record("it doesn't say \"\(words)\": \(self)", sourceLocation: sourceLocation)
        return false
    }

    /// Whether the message names this place in config.json, or one below it, as a JSON pointer (RFC 6901).
    func points(to pointer: String, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        says(pointer, sourceLocation: sourceLocation)
    }
}
