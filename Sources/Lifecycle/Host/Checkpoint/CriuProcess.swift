import Bytes
import Errors
import Linux

/// A criu process that works for us, and gets its requests over a socket ("criu swrk").
///
/// This is the only way to use criu in which the restored processes become our children, notifications arrive before the
/// container runs, and the terminal of a restored container is handed over.
struct CriuProcess: ~Copyable {
    /// The number in criu of the first descriptor that was passed to it.
    static let firstPassed = 4
    /// The oldest version that works, 3.16. Older ones don't handle freezers of cgroup v2 or labels.
    private static let oldestVersion = 31600
    private static let messageLimit = 64 * 1024

    /// How to start criu.
    struct Start {
        /// The new namespaces that criu runs in.
        var namespaces: NamespaceKinds = []
        /// The directory of the cgroup v2 in which criu starts. nil stands for our own cgroup.
        var cgroup: SharedDescriptor?
        /// The descriptors that criu gets after its standard streams and the socket. They're numbered from `firstPassed`.
        var passed: [SharedDescriptor] = []
        /// Whether criu is killed when we end. A dump must not be aborted half-way: the container's processes would be left in
        /// the middle of it.
        var diesWithUs = false
        var log: CriuLog
        /// Runs in the new process before it becomes criu, and returns descriptors, which are sent to us.
        var prepare: () throws(RuntimeError) -> [SharedDescriptor] = { () throws(RuntimeError) in [] }
    }

    /// Handles a notification of criu, and the descriptors that came with it.
    typealias Answer = (CriuResponse, [SharedDescriptor]) throws(RuntimeError) -> Void

    private let spawned: Spawned
    private let output: SharedDescriptor
    private let log: CriuLog
    /// The descriptors that `prepare` returned.
    let prepared: [SharedDescriptor]

    var pid: Int32 { spawned.pid }

    private struct Spawned: ~Copyable {
        let pid: Int32
        let handle: ProcessHandle
        let socket: SharedDescriptor
        /// A conversation in which the process reports why it couldn't become criu. It ends when the process has become criu.
        let report: SharedDescriptor
    }

    /// Starts criu.
    init(_ start: Start) throws(RuntimeError) {
        step(.startCriu)
        let program = try CriuProgram.find()
        let output = try explaining(.system, "no memory for what criu says", SharedDescriptor(try .memory(holding: [])))
        let spawned = try CriuProcess.spawn(program, start, output)
        var prepared: [SharedDescriptor] = []
        let report = Conversation(spawned.report, as: .host, .errand)
        do throws(RuntimeError) {
            while let heard = try report.hear() { prepared += heard.descriptors }
        } catch {
            _ = try? spawned.handle.wait()
            throw error
        }
        self.spawned = spawned
        self.output = output
        self.prepared = prepared
        log = start.log
    }

    /// Clones the process. This is a function of its own so that our copies of the other side's sockets are closed when it
    /// returns.
    private static func spawn(_ program: ByteString, _ start: Start, _ output: SharedDescriptor) throws(RuntimeError) -> Spawned {
        let (socket, theirs) = try pair()
        let (report, reporting) = try pair()
        let null = try explaining(
            .system, "/dev/null can't be opened", path: "/dev/null", SharedDescriptor(try .open("/dev/null", flags: .readWrite)))
        let clone = try explaining(
            .system, "no process can be made for criu", cloneProcess(start.namespaces, cgroup: start.cgroup?.rawValue))
        switch consume clone {
        case .child:
            let conversation = Conversation(reporting, as: .process, .errand)
            do throws(RuntimeError) {
                if start.diesWithUs { try? OwnProcess.setParentDeathSignal(Signal.kill) }
                try handBack(try start.prepare(), over: conversation)
                step(.startCriu)
                try CriuProgram.execute(
                    program, descriptors: [null, output, output, theirs] + start.passed, keeping: reporting.rawValue)
            } catch {
                conversation.fail(error.during(currentStep()))
            }
            OwnProcess.exit(127)
        case .parent(let pid, let handle):
            return Spawned(pid: pid, handle: handle, socket: socket, report: report)
        }
    }

    private static func handBack(_ descriptors: [SharedDescriptor], over conversation: Conversation) throws(RuntimeError) {
        guard !descriptors.isEmpty else { return }
        try conversation.say(.ready, descriptors: descriptors.map { $0.rawValue })
    }

    private static func pair() throws(RuntimeError) -> (SharedDescriptor, SharedDescriptor) {
        try explaining(.system, "no socket for criu", FileDescriptor.messagePair())
    }

    // MARK: The conversation

    /// Refuses a criu that is too old.
    borrowing func checkVersion() throws(RuntimeError) {
        step(.askCriuForVersion)
        let version = try ask(.version).version ?? 0
        guard version >= CriuProcess.oldestVersion else {
            throw RuntimeError(
                .checkpoint,
                "criu " + String(version / 10000) + "." + String(version / 100 % 100) + " is too old: 3.16 or later is needed")
        }
    }

    /// Refuses features that criu or the kernel doesn't have.
    borrowing func check(tracksMemory: Bool, hasLazyPages: Bool) throws(RuntimeError) {
        guard tracksMemory || hasLazyPages else { return }
        step(.askCriuForFeatures)
        let features = try ask(.featureCheck)
        for (isWanted, isThere, name) in [
            (tracksMemory, features.tracksMemory, "track changes of memory, which --pre-dump and --parent-path need"),
            (hasLazyPages, features.hasLazyPages, "restore pages lazily (userfaultfd), which --lazy-pages needs"),
        ] where isWanted && !isThere {
            throw RuntimeError(
                .checkpoint, "criu can't " + name, hint: "\"criu check --all\" tells what it misses on this kernel")
        }
    }

    private borrowing func ask(_ question: CriuRequest) throws(RuntimeError) -> CriuResponse {
        try send(question.encoded())
        let (response, _) = try receive("criu doesn't work here", within: 20)
        guard response.succeeded else { throw failure("criu doesn't work here", response) }
        return response
    }

    /// Has criu do its work.
    ///
    /// - Parameters:
    ///   - request: What to do.
    ///   - options: The options of the request.
    ///   - what: The words for a failure.
    ///   - notified: Handles each notification. If it throws, criu is told to undo its work.
    /// - Throws: The error of `notified` if there is one, otherwise that of criu.
    borrowing func perform(
        _ request: CriuRequest, _ options: CriuOptions, failing what: String, notified: @escaping Answer
    ) throws(RuntimeError) {
        var failed: RuntimeError?
        do throws(RuntimeError) {
            try send(request.encoded(options))
            while true {
                let (response, descriptors) = try receive(what)
                guard response.isNotification else {
                    guard response.succeeded else { throw failure(what, response) }
                    break
                }
                do throws(RuntimeError) {
                    if failed == nil { try notified(response, descriptors) }
                } catch {
                    failed = error.during(currentStep())
                }
                try send(CriuRequest.acknowledgement(failed == nil))
            }
        } catch {
            // criu fails because of our own error, so that one is reported.
            throw failed ?? error
        }
        if let failed { throw failed }
    }

    /// Waits up to 10 seconds for criu to end, since its work is done. Then it's killed.
    borrowing func finish() {
        if spawned.handle.waitForEnd(milliseconds: 10_000) { _ = try? spawned.handle.wait() } else { kill() }
    }

    /// Ends the conversation, and waits up to a minute until criu has undone its work.
    borrowing func hangUp() {
        spawned.socket.file.shutDown()
        if spawned.handle.waitForEnd(milliseconds: 60_000) { _ = try? spawned.handle.wait() }
    }

    /// Kills criu, whatever it's doing.
    borrowing func kill() { spawned.handle.end() }

    private borrowing func send(_ bytes: [UInt8]) throws(RuntimeError) {
        do throws(SystemError) {
            try spawned.socket.file.send(bytes)
        } catch  where error.errno == .EPIPE || error.errno == .ECONNRESET {
            throw failure("criu died", nil)
        } catch {
            throw RuntimeError(.checkpoint, "criu can't be talked to", error)
        }
    }

    /// Waits for a message.
    ///
    /// - Parameters:
    ///   - what: The words for a failure.
    ///   - seconds: The most time that it may take. nil sets no limit, for criu's work itself: the larger the container, the
    ///     longer it takes.
    /// - Returns: The message, and the descriptors that came with it.
    /// - Throws: `timeout` if the time is over, `checkpoint` if a signal arrives that ends us, or criu sends no message.
    private borrowing func receive(_ what: String, within seconds: Int? = nil) throws(RuntimeError) -> (
        CriuResponse, [SharedDescriptor]
    ) {
        var request = [PollRequest(spawned.socket.rawValue, .readable)]
        guard HelperProcess.wait(&request, until: seconds.map { Deadline(milliseconds: $0 * 1000) }) else {
            throw RuntimeError(.checkpoint, what + ": broken off by a signal that ends the runtime")
        }
        guard !request[0].answer.isEmpty else {
            kill()
            throw RuntimeError(
                .timeout,
                what + ": it hasn't answered within " + String(seconds ?? 0) + " seconds, in step \"" + currentStep() + "\"")
        }
        let (bytes, descriptors): ([UInt8], [SharedDescriptor])
        do throws(SystemError) {
            (bytes, descriptors) = try spawned.socket.file.receive(limit: CriuProcess.messageLimit)
        } catch {
            throw failure(what, nil)
        }
        guard let response = CriuResponse(bytes) else { throw failure(what, nil) }
        return (response, descriptors)
    }

    private borrowing func failure(_ what: String, _ response: CriuResponse?) -> RuntimeError {
        try? output.file.rewind()
        let said = (try? output.file.read(upTo: CriuProcess.messageLimit)) ?? []
        return log.failure(what, output: said, response: response)
    }
}

/// Finds and executes the program criu.
private enum CriuProgram {
    private static let usualPath: ByteString = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Searches the caller's PATH, as runc does: the caller is trusted, and often has a criu built from source. The container's
    /// PATH must never be searched.
    static func find() throws(RuntimeError) -> ByteString {
        let path = OwnEnvironment.value(of: "PATH") ?? usualPath
        for folder in path.split(separator: UInt8(ascii: ":")) where folder.hasPrefix("/") {
            let file = folder + "/criu"
            if isAccessible(file, forExecution: true) { return file }
        }
        throw RuntimeError(
            .checkpoint,
            "there is no criu in PATH (" + path.displayText + "), and without it nothing is checkpointed or restored",
            hint: "install criu 3.16 or later")
    }

    /// Becomes criu. Returns only by an error.
    ///
    /// - Parameters:
    ///   - program: The path of criu.
    ///   - descriptors: The descriptors that criu gets, numbered from 0.
    ///   - kept: A descriptor that is open under its number again if execve fails.
    /// - Throws: The error that kept criu from being executed.
    static func execute(_ program: ByteString, descriptors: [SharedDescriptor], keeping kept: Int32) throws(RuntimeError) {
        // First copied to high numbers: otherwise one descriptor could be overwritten by another that gets its number.
        let report = try explaining(.system, "criu's descriptors can't be prepared") { () throws(SystemError) in
            var copies: [SharedDescriptor] = []
            for descriptor in descriptors { copies.append(SharedDescriptor(try .duplicate(descriptor.rawValue, from: 256))) }
            for (number, copy) in copies.enumerated() { try FileDescriptor.duplicate(copy.rawValue, onto: Int32(number)) }
            return try FileDescriptor.duplicate(kept, from: 256)
        }
        // criu mustn't get the descriptors that the caller left open.
        try closeDescriptors(from: Int32(descriptors.count), but: [report.rawValue])
        Signal.resetAll()
        let arguments = CStringArray(["criu", "swrk", "3"])
        // criu runs programs of the host's (tar, ip, iptables) and reads settings from its environment.
        let hasPath = OwnEnvironment.value(of: "PATH") != nil
        let environment = CStringArray(OwnEnvironment.entries + (hasPath ? [] : ["PATH=" + usualPath]))
        let error = SystemError("execve", errno: OwnProcess.execute(program, arguments, environment))
        try? FileDescriptor.duplicate(report.rawValue, onto: kept)
        throw RuntimeError(.checkpoint, "\"" + program.displayText + "\" can't be run", error, path: program)
    }
}
