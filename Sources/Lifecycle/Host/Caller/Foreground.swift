import Bytes
import Errors
import Linux

/// The signals that a foreground command passes on to the container's process. They're blocked and read from a signalfd(2).
struct SignalRelay: ~Copyable {
    let descriptor: FileDescriptor

    init() throws(RuntimeError) {
        descriptor = try explaining(.system, "signals can't be passed on", Signal.blockedForReading())
    }

    /// Takes a signal that has arrived. Waits if there is none.
    borrowing func next() throws(SystemError) -> Int32 { try Signal.next(from: descriptor) }
}

/// Waits for a container's process in the foreground, and meanwhile relays its terminal to ours and our signals to it.
struct Foreground: ~Copyable {
    private let process: ContainerProcess
    private let signals: SignalRelay
    private let notify: NotifyRelay?
    private var terminal: TerminalRelay?

    init(process: ContainerProcess, signals: consuming SignalRelay, notify: NotifyRelay? = nil) throws(RuntimeError) {
        self.process = process
        self.signals = signals
        self.notify = notify
        if let controller = process.terminal {
            terminal = try TerminalRelay(controller)
        } else {
            terminal = nil
        }
    }

    /// Relays terminal and signals until the process has ended.
    ///
    /// - Returns: How the process ended.
    consuming func wait() throws(RuntimeError) -> ExitStatus {
        step(.waitForEnd)
        do throws(SystemError) {
            let status = try relay()
            terminal?.drain()
            notify?.finish()
            return status
        } catch {
            throw RuntimeError(.system, "the container can't be waited for", error)
        }
    }

    private mutating func relay() throws(SystemError) -> ExitStatus {
        // Until it has a copy, this process depends on the program's file. A container that ends at once needn't wait for that.
        var millisecondsUntilCopy: Int? = 200
        while true {
            var requests = [
                PollRequest(process.handle.descriptor.rawValue, .readable), PollRequest(signals.descriptor.rawValue, .readable),
                notify?.request ?? PollRequest(nil, []),
            ]
            requests += terminal?.requests ?? []
            guard try PollRequest.wait(for: &requests, milliseconds: millisecondsUntilCopy) else {
                if millisecondsUntilCopy != nil { SealedProgram.copyHostPart() }
                millisecondsUntilCopy = nil
                continue
            }
            if !requests[1].answer.isEmpty { try handle(try signals.next()) }
            if !requests[2].answer.isEmpty { notify?.pump(mainProcess: nil) }
            if requests.count > 3 { try terminal?.pump(requests[3...]) }
            if !requests[0].answer.isEmpty { return try process.handle.wait() }
        }
    }

    private func handle(_ signal: Int32) throws(SystemError) {
        switch signal {
        case Signal.child: reapOthers()
        case Signal.windowChange: terminal?.resize()
        default: try? process.handle.send(signal: signal)
        }
    }

    /// Reaps the container's orphans: we may be their subreaper, and they would stay zombies. The container's process itself is
    /// left alone, because its handle takes its status.
    private func reapOthers() {
        while let pid = OwnProcess.endedChild(), pid != process.pid { OwnProcess.reap(pid) }
    }
}
