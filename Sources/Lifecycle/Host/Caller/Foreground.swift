import Bytes
import Errors
import Linux

/// The signals that a foreground `run` passes on: blocked, so that they wait in a descriptor.
struct SignalRelay: ~Copyable {
    let descriptor: FileDescriptor

    init() throws(RuntimeError) {
        descriptor = try explaining(.system, "signals can't be passed on", Signal.blockedForReading())
    }

    borrowing func next() throws(SystemError) -> Int32 { try Signal.next(from: descriptor) }
}

/// A container in the foreground: its terminal is ours, its signals are ours, its end is awaited.
struct Foreground: ~Copyable {
    private let process: ContainerProcess
    private let signals: SignalRelay
    private var terminal: TerminalRelay?

    init(process: ContainerProcess, signals: consuming SignalRelay) throws(RuntimeError) {
        self.process = process
        self.signals = signals
        if let controller = process.terminal {
            terminal = try TerminalRelay(controller)
        } else {
            terminal = nil
        }
    }

    consuming func wait() throws(RuntimeError) -> ExitStatus {
        do throws(SystemError) {
            let status = try relay()
            terminal?.drain()
            return status
        } catch {
            throw RuntimeError(.system, "the container can't be waited for", error)
        }
    }

    private mutating func relay() throws(SystemError) -> ExitStatus {
        while true {
            var requests = [
                PollRequest(process.handle.descriptor.rawValue, .readable), PollRequest(signals.descriptor.rawValue, .readable),
            ]
            requests += terminal?.requests ?? []
            _ = try PollRequest.wait(for: &requests, milliseconds: nil)
            if !requests[1].answer.isEmpty { try handle(try signals.next()) }
            if requests.count > 2 { try terminal?.pump(requests[2...]) }
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

    /// As their subreaper we'd keep the container's orphans as zombies. Not the first process: its status is taken by its handle.
    private func reapOthers() {
        while let pid = OwnProcess.endedChild(), pid != process.pid { OwnProcess.reap(pid) }
    }
}
