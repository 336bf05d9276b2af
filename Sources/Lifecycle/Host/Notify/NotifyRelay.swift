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
            manager = SharedDescriptor(try .connectDatagrams(to: address, timeout: 10_000))
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

    /// To be watched for messages.
    var descriptor: Int32 { socket.rawValue }

    /// Passes on the messages that have arrived.
    ///
    /// - Parameter mainProcess: The container's first process, which becomes the service's main process as soon as the container
    ///   is ready. nil if that is the runtime itself.
    /// - Returns: Whether the container has said that it's ready.
    @discardableResult
    func pump(mainProcess: Int32?) -> Bool {
        for _ in 0..<NotifyRelay.mostAtOnce {
            // One byte more, to see that a message is too long.
            guard let (bytes, descriptors) = try? socket.file.receive(limit: NotifyMessage.limit + 1) else { return false }
            var lines = NotifyMessage.lines(of: bytes)
            guard !lines.isEmpty else { continue }
            let isReady = lines.contains("READY=1")
            if isReady, let mainProcess { lines.append("MAINPID=" + ByteString(decimal: mainProcess)) }
            let passed = NotifyMessage.takesDescriptors(lines) ? descriptors : []
            do throws(SystemError) {
                try manager.file.send(
                    Array(lines.map { $0.bytes }.joined(separator: [UInt8(ascii: "\n")])),
                    descriptors: passed.map { $0.rawValue })
            } catch {
                // Once: the container decides how much it sends.
                if !hasFailed {
                    log.warn(RuntimeError(.system, "the service manager can't be told what the container says", error).message)
                }
                hasFailed = true
                return isReady
            }
            // They stay open until here: closing one lifts a barrier.
            withExtendedLifetime(descriptors) {}
            if isReady { return true }
        }
        return false
    }

    /// Waits until the container has said that it's ready, or has ended.
    ///
    /// - Parameters:
    ///   - process: The container's first process.
    ///   - pid: Its pid.
    /// - Throws: `system` if poll(2) fails.
    func awaitReadiness(of process: SharedDescriptor, pid: Int32) throws(RuntimeError) {
        while true {
            var requests = [PollRequest(descriptor, .readable), PollRequest(process.rawValue, .readable)]
            _ = try explaining(
                .system, "the container can't be waited for", PollRequest.wait(for: &requests, milliseconds: nil))
            // The pid of a process that has ended may be another's by now, which must not become the service's main process.
            guard requests[1].answer.isEmpty else { return drain() }
            if pump(mainProcess: pid) { return }
        }
    }

    /// Passes on what the container said last, once it has ended.
    func drain() {
        for _ in 0..<NotifyRelay.mostAtOnce { pump(mainProcess: nil) }
    }
}
