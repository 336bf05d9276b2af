import Bytes
import Errors
import Linux

/// A program of the host's that has been started: a hook, newuidmap, ps.
struct HelperProcess: ~Copyable {
    struct Program {
        var path: ByteString
        /// With the name in front.
        var arguments: [ByteString]
        /// All of it. Nothing of the container's ever (CVE-2025-23266).
        var environment: [ByteString] = []
        /// What it reads from its standard input.
        var input: [UInt8] = []
        /// nil leaves the working directory.
        var directory: ByteString?
        /// Bytes. Output beyond is read and forgotten.
        var outputLimit = HelperProcess.usualLimit
        /// Whether standard error is kept apart from the output.
        var separatesErrors = false
    }

    struct Outcome {
        /// nil: it took too long.
        let end: ExitStatus?
        let output: [UInt8]
        /// Its beginning, where it's kept apart.
        let errors: [UInt8]

        /// How it ended and what it said, in words: nil if it ended with status 0. `timeout`: the words for one that took too long.
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

    /// The input comes from a memory file: a program that doesn't read it can neither block us nor have us killed by SIGPIPE.
    static func start(_ program: Program) throws(SystemError) -> HelperProcess {
        let input = try FileDescriptor.memory(holding: program.input)
        let pipe = try FileDescriptor.pipe()
        let errors = try SharedDescriptor(FileDescriptor.memory(holding: []))
        let arguments = CStringArray(program.arguments)
        let environment = CStringArray(program.environment)
        let errorTarget = program.separatesErrors ? errors.rawValue : pipe.write.rawValue
        switch try cloneProcess() {
        case .child: become(program, streams: (input.rawValue, pipe.write.rawValue, errorTarget), arguments, environment)
        case .parent(_, let handle):
            return HelperProcess(handle: handle, output: pipe.read, errors: errors, outputLimit: program.outputLimit)
        }
    }

    private static func become(
        _ program: Program, streams: (Int32, Int32, Int32), _ arguments: CStringArray, _ environment: CStringArray
    ) -> Never {
        Signal.resetAll()
        OwnProcess.setUmask(0o022)
        // A bundle may be gone by the time of the poststop hooks, or be closed to the root of a user namespace.
        if let directory = program.directory, (try? OwnProcess.changeDirectory(to: directory)) == nil {
            try? OwnProcess.changeDirectory(to: "/")
        }
        for (number, stream) in [streams.0, streams.1, streams.2].enumerated()
        where (try? FileDescriptor.duplicate(stream, onto: Int32(number))) == nil {
            OwnProcess.exit(127)
        }
        if (try? closeDescriptors(from: 3, but: [])) == nil { OwnProcess.exit(127) }
        let errno = OwnProcess.execute(program.path, arguments, environment)
        _ = try? FileDescriptor.write(Array(SystemError.text(of: errno).utf8)[...], to: FileDescriptor.standardError)
        OwnProcess.exit(127)
    }

    /// Waits for its end, not for the end of its output: a daemon that it left behind may keep that open. After so many seconds it's
    /// killed; nil is for ever. So it is when a signal comes that is to end us: that's EINTR.
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
            // What it wrote before its end is wanted, not all that a daemon goes on writing.
            if !requests[1].answer.isEmpty, !hasEnded || collected.count < outputLimit {
                let part = try output.file.read(upTo: 64 * 1024)
                isOpen = !part.isEmpty
                collected += part.prefix(outputLimit - collected.count)
                continue
            }
            if hasEnded { return Outcome(end: try handle.wait(), output: collected, errors: try writtenErrors()) }
        }
    }

    /// Waits for an answer. A foreground command blocks the signals that end programs, because they're meant for the container once that
    /// runs, and blocked signals don't interrupt poll(2). So each slice of 50 ms ends with a look at them.
    ///
    /// - Returns: false if one has come.
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
