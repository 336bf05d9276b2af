import Bytes
import Errors
import Linux

/// Passes on what a container tells the service manager of the host: sd_notify(3).
final class NotifyRelay {
    /// The container sends to this.
    private let socket: SharedDescriptor
    private let manager: SharedDescriptor
    private let log: Log
    private var hasFailed = false
    private var hasPassed = false

    private struct Message {
        let lines: [ByteString]
        let descriptors: [SharedDescriptor]
    }
    /// The message that the manager's socket has had no room for. The next ones wait in our own socket.
    private var waiting: Message?

    /// How long the manager gets to read what is left to tell it, in milliseconds.
    private static let patience = 10_000

    /// The most messages that are passed on in a row: a container that never stops sending must not keep us from all else.
    private static let mostAtOnce = 64

    /// Makes the socket in the container, before its program runs.
    ///
    /// - Parameters:
    ///   - directory: The container's directory.
    ///   - log: For a warning if the manager can't be reached.
    /// - Returns: nil if the container has no place for a socket, or if no service manager has started us.
    /// - Throws: `system` if the socket can't be made.
    static func open(_ directory: borrowing ContainerDirectory, _ log: Log) throws(RuntimeError) -> NotifyRelay? {
        guard let address = NotifyPlace.managersSocket else { return nil }
        guard let folder = try folder(of: directory) else { return nil }
        let manager: SharedDescriptor
        do throws(SystemError) {
            manager = SharedDescriptor(try .connectDatagrams(to: address))
        } catch {
            log.warn(RuntimeError(.system, "the service manager can't be reached over NOTIFY_SOCKET", error).message)
            return nil
        }
        let socket = try explaining(.system, "the notification socket can't be made") { () throws(SystemError) in
            // A `start` that was killed may have left one.
            try? folder.file.unlink(NotifyPlace.socket)
            let socket = SharedDescriptor(try .bindDatagrams(name: NotifyPlace.socket, in: folder.file))
            // The container's user may be anybody.
            try folder.file.setMode(of: NotifyPlace.socket, to: 0o777)
            socket.file.setNonBlocking()
            return socket
        }
        return NotifyRelay(socket: socket, manager: manager, log: log)
    }

    private static func folder(of directory: borrowing ContainerDirectory) throws(RuntimeError) -> SharedDescriptor? {
        do throws(SystemError) {
            return SharedDescriptor(
                try directory.descriptor.open(NotifyPlace.folder, flags: [.path, .directory, .noFollow]))
        } catch  where error.errno == .ENOENT {
            return nil
        } catch {
            throw RuntimeError(.system, "the folder of the notification socket can't be opened", error)
        }
    }

    private init(socket: SharedDescriptor, manager: SharedDescriptor, log: Log) {
        self.socket = socket
        self.manager = manager
        self.log = log
    }

    /// What to wait for before `pump`: a message of the container's, or room for one in the manager's socket.
    var request: PollRequest {
        waiting == nil ? PollRequest(socket.rawValue, .readable) : PollRequest(manager.rawValue, .writable)
    }

    /// Passes on the messages that have arrived, as long as the manager's socket has room for them. Doesn't wait.
    ///
    /// - Parameter mainProcess: The container's first process, which becomes the service's main process as soon as the container
    ///   is ready. nil if that is the runtime itself.
    /// - Returns: Whether the container has said that it's ready.
    @discardableResult
    func pump(mainProcess: Int32?) -> Bool {
        for _ in 0..<NotifyRelay.mostAtOnce {
            guard let message = waiting ?? receive() else { return false }
            guard !message.lines.isEmpty else { continue }
            let isReady = message.lines.contains("READY=1")
            var lines = message.lines
            if isReady, let mainProcess { lines.append("MAINPID=" + ByteString(decimal: mainProcess)) }
            guard pass(lines, message.descriptors) else {
                waiting = message
                return false
            }
            waiting = nil
            if isReady { return true }
        }
        return false
    }

    /// The next message of the container's, without what may not be passed on. nil if none has arrived.
    private func receive() -> Message? {
        // One byte more, to see that a message is too long.
        guard let (bytes, descriptors) = try? socket.file.receive(limit: NotifyMessage.limit + 1) else { return nil }
        let lines = NotifyMessage.lines(of: bytes)
        return Message(lines: lines, descriptors: NotifyMessage.takesDescriptors(lines) ? descriptors : [])
    }

    /// Sends a message to the manager. The answer is false if its socket has no room for it.
    private func pass(_ lines: [ByteString], _ descriptors: [SharedDescriptor]) -> Bool {
        do throws(SystemError) {
            try manager.file.send(
                Array(lines.map { $0.bytes }.joined(separator: [UInt8(ascii: "\n")])),
                descriptors: descriptors.map { $0.rawValue })
            // They stay open until here: closing one lifts a barrier.
            withExtendedLifetime(descriptors) {}
            hasPassed = true
        } catch {
            if error.errno == .EAGAIN { return false }
            // Once: the container decides how much it sends.
            if !hasFailed {
                log.warn(RuntimeError(.system, "the service manager can't be told what the container says", error).message)
            }
            hasFailed = true
        }
        return true
    }

    /// Waits until the container has said that it's ready, or has ended.
    ///
    /// - Parameters:
    ///   - process: The container's first process.
    ///   - pid: Its pid.
    /// - Throws: `system` if poll(2) fails.
    func awaitReadiness(of process: SharedDescriptor, pid: Int32) throws(RuntimeError) {
        while true {
            var requests = [request, PollRequest(process.rawValue, .readable)]
            _ = try explaining(
                .system, "the container can't be waited for", PollRequest.wait(for: &requests, milliseconds: nil))
            // The pid of a process that has ended may be another's by now, which must not become the service's main process.
            guard requests[1].answer.isEmpty else { return finish() }
            guard pump(mainProcess: pid) else { continue }
            // Many programs send a barrier of their own right after "READY=1", and fail if nobody lifts it.
            var more = request
            _ = more.wait(milliseconds: 50)
            return finish()
        }
    }

    /// Passes on what the container has said until now, and waits until the manager has read it: sd_notify_barrier(3).
    ///
    /// The manager finds out by our pid which service a message belongs to, so we mustn't end before. What the container says
    /// meanwhile is passed on as well.
    func finish() {
        let deadline = Deadline(milliseconds: NotifyRelay.patience)
        while !deadline.isOver {
            var next = request
            guard next.wait(milliseconds: waiting == nil ? 0 : deadline.millisecondsLeft) else { break }
            pump(mainProcess: nil)
        }
        guard hasPassed, waiting == nil, let barrier = try? raiseBarrier() else { return }
        while !deadline.isOver {
            var requests = [request, PollRequest(barrier.rawValue, .readable)]
            guard (try? PollRequest.wait(for: &requests, milliseconds: deadline.millisecondsLeft)) == true else { continue }
            if !requests[0].answer.isEmpty { pump(mainProcess: nil) }
            if !requests[1].answer.isEmpty { return }
        }
    }

    /// Makes a barrier the next message.
    ///
    /// - Returns: A pipe that ends when nobody has its other end any more, neither we nor the manager.
    private func raiseBarrier() throws(SystemError) -> SharedDescriptor {
        let (read, write) = try FileDescriptor.pipe()
        waiting = Message(lines: ["BARRIER=1"], descriptors: [write])
        return read
    }
}
