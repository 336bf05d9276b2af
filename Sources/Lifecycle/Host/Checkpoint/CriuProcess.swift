import Bytes
import Errors
import Linux

/// criu at work for us: a process of its own, told what to do over a socket ("criu swrk").
///
/// Of all ways to drive criu it's the only one in which the restored processes become our children, notifications come while
/// nothing of the container runs yet, and the terminal of a restored container is handed over.
struct CriuProcess: ~Copyable {
    /// The number by which it knows the first of the descriptors that it was passed.
    static let firstPassed = 4
    /// The oldest that is taken, 3.16: before it, freezers of cgroup v2 or labels weren't dealt with.
    private static let oldestVersion = 31600
    private static let messageLimit = 64 * 1024

    /// How it's started.
    struct Start {
        var namespaces: NamespaceKinds = []
        var cgroup: SharedDescriptor?
        /// What it gets besides its standard streams and the socket, numbered from `firstPassed`.
        var passed: [SharedDescriptor] = []
        /// Whether its work is worth nothing without us. A dump isn't broken off half-way: the container's processes would stay in
        /// the middle of it.
        var diesWithUs = false
        var log: CriuLog
        /// Done by the new process before it becomes criu; it returns descriptors that we're to have.
        var prepare: () throws(RuntimeError) -> [SharedDescriptor] = { () throws(RuntimeError) in [] }
    }

    /// What has to be done at each of criu's notifications.
    typealias Answer = (CriuResponse, [SharedDescriptor]) throws(RuntimeError) -> Void

    private let spawned: Spawned
    private let output: SharedDescriptor
    private let log: CriuLog
    /// What `prepare` returned.
    let prepared: [SharedDescriptor]

    var pid: Int32 { spawned.pid }

    private struct Spawned: ~Copyable {
        let pid: Int32
        let handle: ProcessHandle
        let socket: SharedDescriptor
        /// Says why it didn't become criu; ends when it did.
        let report: SharedDescriptor
    }

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

    /// In a function of its own: our copies of the other side's sockets have to be closed when it returns.
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

    /// Refuses what criu or the kernel can't do.
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

    /// Has criu do its work and end.
    ///
    /// If `notified` throws, criu undoes what it did, and that error is the one that counts.
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
            // Our own reason comes first: that criu fails then is its consequence.
            throw failed ?? error
        }
        if let failed { throw failed }
    }

    /// Waits for its end: it has nothing more to do.
    borrowing func finish() {
        if spawned.handle.waitForEnd(milliseconds: 10_000) { _ = try? spawned.handle.wait() } else { kill() }
    }

    /// Ends the conversation, and waits until it has undone what it was at, a minute at most.
    borrowing func hangUp() {
        spawned.socket.file.shutDown()
        if spawned.handle.waitForEnd(milliseconds: 60_000) { _ = try? spawned.handle.wait() }
    }

    /// Ends it, whatever it's doing.
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

    /// `seconds`: nil for its work itself, which takes as long as the container is large.
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

/// The program.
private enum CriuProgram {
    private static let usualPath: ByteString = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// By the caller's PATH, as runc does: the caller is trusted, and criu is often of his own making. Never by the container's.
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

    /// Becomes criu, with these descriptors from 0 on. `keeping` is there again if that fails.
    static func execute(_ program: ByteString, descriptors: [SharedDescriptor], keeping kept: Int32) throws(RuntimeError) {
        // Copied out of the way first: a number to be taken may be that of another one.
        let report = try explaining(.system, "criu's descriptors can't be prepared") { () throws(SystemError) in
            var copies: [SharedDescriptor] = []
            for descriptor in descriptors { copies.append(SharedDescriptor(try .duplicate(descriptor.rawValue, from: 256))) }
            for (number, copy) in copies.enumerated() { try FileDescriptor.duplicate(copy.rawValue, onto: Int32(number)) }
            return try FileDescriptor.duplicate(kept, from: 256)
        }
        // What the caller left open isn't criu's.
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
