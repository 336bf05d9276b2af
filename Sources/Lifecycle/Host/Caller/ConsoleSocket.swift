import Bytes
import Errors
import Linux
import OCI

/// Where the container's terminal goes: to the caller's console socket, to our own terminal, or there is none.
struct ConsoleSocket: ~Copyable {
    private let socket: CallersSocket?

    /// Connects before anything is made: a socket that nobody listens at is the caller's mistake.
    init(_ path: ByteString?, terminal wantsTerminal: Bool, detached: Bool) throws(RuntimeError) {
        guard let path else {
            if wantsTerminal && detached {
                throw RuntimeError(
                    .terminal, "cannot allocate tty if the runtime will detach without setting console socket",
                    pointer: "/process/terminal", hint: "give --console-socket, or set terminal to false")
            }
            socket = nil
            return
        }
        guard wantsTerminal, detached else {
            throw RuntimeError(
                .terminal, "cannot use console socket if the runtime will not detach or allocate tty",
                pointer: "/process/terminal",
                hint: "leave --console-socket out, or set terminal to true")
        }
        step(.connectToConsoleSocket)
        socket = try CallersSocket(connectingTo: path, "console socket", .terminal)
    }

    /// Sends the terminal's controller to whoever asked for it. Before the program runs.
    borrowing func handOver(_ terminal: SharedDescriptor) throws(RuntimeError) {
        switch socket {
        case .some(let socket): try socket.send("/dev/ptmx", terminal.rawValue)
        case nil:
            // Ours, then: a program that asks for the size first thing is to see the right one, and its first line to end like the others.
            Terminal.copySize(from: FileDescriptor.standardInput, to: terminal.rawValue)
            TerminalRelay.keepLines(of: terminal)
        }
    }
}
