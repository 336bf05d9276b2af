import Bytes
import CLinux
import Errors
import Linux

/// The signals that a foreground `run` passes on: blocked, so that they wait in a descriptor.
struct SignalRelay: ~Copyable {
    let descriptor: FileDescriptor

    init() throws(RuntimeError) {
        let number = c_signal_descriptor()
        guard number >= 0 else { throw RuntimeError(.system, "signals can't be passed on", .last("signalfd")) }
        descriptor = FileDescriptor(adopting: number)
    }

    borrowing func next() throws(SystemError) -> Int32 {
        let bytes = try descriptor.read(upTo: MemoryLayout<signalfd_siginfo>.size)
        // The signal's number is the first field of struct signalfd_siginfo, signalfd(2).
        guard bytes.count >= 4 else { return 0 }
        return bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: UInt32.self)) }
    }
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
                pollfd(fd: process.handle.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            requests += terminal?.requests ?? []
            guard poll(&requests, UInt(requests.count), -1) >= 0 || c_errno() == EINTR else { throw .last("poll") }
            if requests[1].revents != 0 { try handle(try signals.next()) }
            if requests.count > 2 { try terminal?.pump(requests[2...]) }
            if requests[0].revents != 0 { return try process.handle.wait() }
        }
    }

    private func handle(_ signal: Int32) throws(SystemError) {
        switch signal {
        case SIGCHLD: reapOthers()
        case SIGWINCH: terminal?.resize()
        default: try? process.handle.send(signal: signal)
        }
    }

    /// As their subreaper we'd keep the container's orphans as zombies. Not the first process: its status is taken by its handle.
    private func reapOthers() {
        while true {
            let pid = c_ended_child()
            guard pid > 0, pid != process.pid else { return }
            _ = waitpid(pid, nil, WNOHANG)
        }
    }
}
