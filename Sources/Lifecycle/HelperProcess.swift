import Bytes
import Errors
import Linux

/// A host program that has been started, such as a hook, newuidmap or ps.
struct HelperProcess: ~Copyable {
    /// What to run, and how.
    struct Program {
        var path: ByteString
        /// The arguments, the program's name first.
        var arguments: [ByteString]
        /// The whole environment. The container must never contribute to it (CVE-2025-23266).
        var environment: [ByteString] = []
        /// What the program reads from its standard input.
        var input: [UInt8] = []
        /// The working directory. nil leaves the current one.
        var directory: ByteString?
        /// Files that get standard output and standard error, which then aren't collected. nil collects them.
        var output: SharedDescriptor?
        var errors: SharedDescriptor?
        /// The number of bytes of output that are kept. Further output is read and dropped.
        var outputLimit = HelperProcess.usualLimit
        /// Whether standard error is collected separately from standard output.
        var separatesErrors = false
    }

    /// How a program ended, and what it wrote.
    struct Outcome {
        /// The exit status. nil if the program was killed because it took too long.
        let end: ExitStatus?
        let output: [UInt8]
        /// The beginning of standard error, if it was collected separately.
        let errors: [UInt8]

        /// Describes a failure: how the program ended and what it wrote.
        ///
        /// - Parameter timeout: The words for a program that took too long.
        /// - Returns: nil if the program ended with status 0.
        func failure(timeout: @autoclosure () -> String) -> String? {
            let reason: String
            switch end {
            case .exited(0): return nil
            case .exited(let status): reason = "exit status " + String(status)
            case .killed(let signal): reason = "ended by signal " + String(signal)
            case nil: reason = timeout()
            }
            let said = output.prefix(1 + (output.lastIndex { $0 > 0x20 } ?? -1))
            return said.isEmpty ? reason : reason + ", output: " + String(decoding: said, as: UTF8.self)
        }
    }

    private let handle: ProcessHandle
    private let output: SharedDescriptor
    private let errors: SharedDescriptor
    private let outputLimit: Int

    static let usualLimit = 2048

    /// The exit status of a program that couldn't be executed, as of a shell's command.
    static let notExecuted: Int32 = 127

    /// Starts a program.
    ///
    /// Its input is a memfd, not a pipe: a program that doesn't read its input could otherwise block us or have us killed by
    /// SIGPIPE.
    static func start(_ program: Program) throws(SystemError) -> HelperProcess {
        let input = try FileDescriptor.memory(holding: program.input)
        let pipe = try FileDescriptor.pipe()
        let errors = try SharedDescriptor(FileDescriptor.memory(holding: []))
        let arguments = CStringArray(program.arguments)
        let environment = CStringArray(program.environment)
        let outputTarget = program.output?.rawValue ?? pipe.write.rawValue
        let errorTarget = program.errors?.rawValue ?? (program.separatesErrors ? errors.rawValue : pipe.write.rawValue)
        switch try cloneProcess() {
        case .child: become(program, streams: (input.rawValue, outputTarget, errorTarget), arguments, environment)
        case .parent(_, let handle):
            return HelperProcess(handle: handle, output: pipe.read, errors: errors, outputLimit: program.outputLimit)
        }
    }

    private static func become(
        _ program: Program, streams: (Int32, Int32, Int32), _ arguments: CStringArray, _ environment: CStringArray
    ) -> Never {
        Signal.resetIgnored()
        OwnProcess.setUmask(0o022)
        // The bundle may have been deleted before the poststop hooks run, or root of a user namespace may have no access to it.
        if let directory = program.directory, (try? OwnProcess.changeDirectory(to: directory)) == nil {
            try? OwnProcess.changeDirectory(to: "/")
        }
        for (number, stream) in [streams.0, streams.1, streams.2].enumerated()
        where (try? FileDescriptor.duplicate(stream, onto: Int32(number))) == nil {
            OwnProcess.exit(notExecuted)
        }
        if (try? closeDescriptors(from: 3, but: [])) == nil { OwnProcess.exit(notExecuted) }
        let errno = OwnProcess.execute(program.path, arguments, environment)
        _ = try? FileDescriptor.write(Array(SystemError.text(of: errno).utf8)[...], to: FileDescriptor.standardError)
        OwnProcess.exit(notExecuted)
    }

    /// Waits for the end of the program, and collects what it writes until then.
    ///
    /// The end of its output isn't waited for: a daemon that the program left behind may keep the pipe open.
    ///
    /// - Parameter seconds: The program is killed after this time. nil waits forever.
    /// - Returns: How the program ended.
    /// - Throws: The error of a system call. EINTR also if a signal arrives that ends us; the program is killed then, too.
    consuming func finish(seconds: Int?) throws(SystemError) -> Outcome {
        let deadline = seconds.map { Deadline(milliseconds: min($0, Int.max / 2000) * 1000) }
        var collected: [UInt8] = []
        var isOpen = true
        while true {
            var requests = [
                PollRequest(handle.descriptor.rawValue, .readable), PollRequest(isOpen ? output.rawValue : nil, .readable),
            ]
            guard HelperProcess.wait(&requests, until: deadline) else {
                handle.end()
                throw SystemError("poll", errno: .EINTR)
            }
            let hasEnded = !requests[0].answer.isEmpty
            if !hasEnded, deadline?.isOver == true {
                handle.end()
                return Outcome(end: nil, output: collected, errors: try writtenErrors())
            }
            // After the program's end, the rest of its output is read only up to the limit: a daemon that it left behind may
            // write on.
            if !requests[1].answer.isEmpty, !hasEnded || collected.count < outputLimit {
                let part = try output.file.read(upTo: 64 * 1024)
                isOpen = !part.isEmpty
                collected += part.prefix(outputLimit - collected.count)
                continue
            }
            if hasEnded { return Outcome(end: try handle.wait(), output: collected, errors: try writtenErrors()) }
        }
    }

    /// Waits until one of the requests is answered, the deadline is over, or a signal arrives that ends us.
    ///
    /// A foreground command blocks the signals that end programs, because they're meant for the container once that runs.
    /// Blocked signals don't interrupt poll(2), so this function looks for them every 50 ms.
    ///
    /// - Parameters:
    ///   - requests: What to wait for. Their answers are filled in.
    ///   - deadline: When to stop waiting. nil waits forever.
    /// - Returns: false if such a signal has arrived.
    static func wait(_ requests: inout [PollRequest], until deadline: Deadline?) -> Bool {
        while true {
            let slice = min(50, deadline?.millisecondsLeft ?? 50)
            if (try? PollRequest.wait(for: &requests, milliseconds: slice)) == true || deadline?.isOver == true { return true }
            if Signal.takeBlockedEnd() != nil { return false }
        }
    }

    private borrowing func writtenErrors() throws(SystemError) -> [UInt8] {
        try errors.file.rewind()
        return try errors.file.read(upTo: HelperProcess.usualLimit)
    }
}
