import CHarness

/// How a process ended.
enum Ending: Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(by: Int32)

    init(waitStatus: Int32) {
        self = h_exited(waitStatus) != 0 ? .exited(h_exit_status(waitStatus)) : .killed(by: h_termination_signal(waitStatus))
    }

    var description: String {
        switch self {
        case .exited(let status): "exit \(status)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}

/// An error of the harness itself, or something that a test relies on and that didn't happen.
struct HarnessFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A failure with the reason of errno.
    static func system(_ what: String) -> HarnessFailure {
        HarnessFailure("\(what): \(String(cString: strerror(h_errno_now())))")
    }
}

/// A program to run, with everything that it inherits.
struct Command {
    var arguments: [String]
    var environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    var directory: String?
    /// Our descriptors, by the numbers under which the program gets them. By default 0 is /dev/null, and 1 and 2 are captured.
    var descriptors: [Int32: Int32] = [:]
    var closed: [Int32] = []
    /// The slave side of a pseudoterminal. The program gets it as 0, 1 and 2 and as the controlling terminal of a new session.
    var terminal: String?

    /// Seconds that the runtime may take for any operation. The default suits slow or emulated machines too.
    static let deadline = getenv("WHERRY_TEST_DEADLINE").flatMap { Double(String(cString: $0)) } ?? 30

    /// Makes us a subreaper: the runtime's orphans become our children, and we can wait for them, as an engine does.
    private static let preparation: Void = h_prepare_process()

    init(_ arguments: [String]) { self.arguments = arguments }

    /// Runs a shell script first, in the process that then becomes the program.
    mutating func wrap(in script: String) {
        arguments = [Workspace.busybox, "sh", "-ec", script + "; exec \"$@\"", "sh"] + arguments
    }

    /// Runs the program in a network namespace of its own, which stands for the host's. A shell script prepares it, and another
    /// one runs in it at the end.
    mutating func wrap(inNetworkWith script: String, then last: String = "true") {
        let steps = script + "\nstatus=0; \"$@\" || status=$?\n" + last + "; exit $status"
        arguments = [Workspace.busybox, "unshare", "-n", Workspace.busybox, "sh", "-ec", steps, "sh"] + arguments
    }

    /// Starts the program, with its output going to memory.
    func start() throws -> RunningCommand {
        Self.preparation
        let output = Capture(), errors = Capture()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        h_spawn_defaults(&attributes, terminal == nil ? 0 : 1)
        if let terminal {
            for number in 0...2 { posix_spawn_file_actions_addopen(&actions, Int32(number), terminal, O_RDWR, 0) }
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, output.descriptor, 1)
            posix_spawn_file_actions_adddup2(&actions, errors.descriptor, 2)
        }
        // Copies go to 500 and above first: otherwise one dup2 could overwrite the source of another.
        let sources = descriptors.mapValues { h_duplicate($0, 500) }
        defer { for source in sources.values { close(source) } }
        for (number, source) in sources { posix_spawn_file_actions_adddup2(&actions, source, number) }
        for number in closed { posix_spawn_file_actions_addclose(&actions, number) }
        if let directory { h_spawn_directory(&actions, directory) }

        var pid: pid_t = 0
        let failure = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp) }
        }
        guard failure == 0 else { throw HarnessFailure("\(arguments[0]): \(String(cString: strerror(failure)))") }
        return RunningCommand(arguments: arguments, pid: pid, output: output, errors: errors)
    }

    /// Runs the program to its end. After the deadline, kills the program and throws.
    func run(within seconds: Double = Command.deadline) throws -> Finished {
        try start().finish(within: seconds)
    }
}

private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}

/// A file in memory that takes a program's output. A pipe would only end with its last writer, and a container's process may
/// keep it open longer than the runtime lives.
final class Capture: Sendable {
    let descriptor = memfd_create("output", UInt32(MFD_CLOEXEC))

    deinit { close(descriptor) }

    var bytes: [UInt8] {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(information.st_size))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(count, 0)))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A program that has been started. It's killed if this object is released before the program has ended.
final class RunningCommand {
    let arguments: [String]
    let pid: pid_t
    let output: Capture
    let errors: Capture
    private var reaped = false

    init(arguments: [String], pid: pid_t, output: Capture, errors: Capture) {
        self.arguments = arguments
        self.pid = pid
        self.output = output
        self.errors = errors
    }

    deinit {
        guard !reaped else { return }
        CHarness.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits until the program ends. After the deadline, kills the program and throws.
    func finish(within seconds: Double = Command.deadline) throws -> Finished {
        let ending = try reap(pid, within: seconds)
        reaped = true
        guard let ending else {
            throw HarnessFailure("\(arguments.joined(separator: " ")): no end within \(seconds) s; stderr: \(errors.text)")
        }
        return Finished(arguments: arguments, pid: pid, ending: ending, capturedOutput: output, capturedErrors: errors)
    }

    func signal(_ number: Int32) { CHarness.kill(pid, number) }

    /// Whether the program is a zombie, which nobody has reaped yet.
    var hasEnded: Bool { read("/proc/\(pid)/stat").contains(") Z ") }
}

/// Waits for a child. After the deadline, kills the child and returns nil.
func reap(_ pid: pid_t, within seconds: Double = Command.deadline) throws -> Ending? {
    let descriptor = h_pidfd_open(pid)
    guard descriptor >= 0 else { throw HarnessFailure.system("pidfd_open \(pid)") }
    defer { close(descriptor) }
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ended = retrying { poll(&wanted, 1, Int32(seconds * 1000)) } == 1
    if !ended { _ = h_pidfd_send_signal(descriptor, SIGKILL) }
    var status: Int32 = 0
    guard retrying({ waitpid(pid, &status, 0) }) == pid else { throw HarnessFailure.system("waitpid \(pid)") }
    return ended ? Ending(waitStatus: status) : nil
}

/// Repeats a system call for as long as it fails with EINTR.
func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result >= 0 || h_errno_now() != EINTR { return result }
    }
}

/// A program that has ended. Its output is read on access, since a container's process may still be writing.
struct Finished: CustomStringConvertible {
    let arguments: [String]
    let pid: pid_t
    let ending: Ending
    let capturedOutput: Capture
    let capturedErrors: Capture

    var output: String { capturedOutput.text }
    var errors: String { capturedErrors.text }
    /// The error message, without the backslashes before quotation marks that the log format adds.
    var message: String { errors.replacing("\\\"", with: "\"") }
    var succeeded: Bool { ending == .exited(0) }

    var description: String {
        "\(arguments.joined(separator: " ")): \(ending)\nstdout: \(output)\nstderr: \(errors)"
    }
}
