import Bytes
import Errors
import Linux
import OCI

/// The destination of the container's terminal, if it has one: the caller's console socket or, without a socket, our own
/// terminal.
struct ConsoleSocket: ~Copyable {
    private let socket: CallersSocket?

    /// Connects to the console socket, if there is one. This comes before anything is made, so that a caller's mistake leaves
    /// nothing to undo.
    ///
    /// - Parameters:
    ///   - path: The socket's path (`--console-socket`).
    ///   - wantsTerminal: Whether the container's process has a terminal.
    ///   - detached: Whether the command returns while the process lives.
    /// - Throws: An error if there's a socket without a detached terminal, or a detached terminal without a socket, or if
    ///   nobody listens at the socket.
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

    /// Sends the terminal's controller to the console socket or, without a socket, prepares the terminal to be shown on our
    /// own. To be called before the program runs.
    borrowing func handOver(_ terminal: SharedDescriptor) throws(RuntimeError) {
        switch socket {
        case .some(let socket): try socket.send("/dev/ptmx", terminal.rawValue)
        case nil:
            // Done now, so that the program finds the right size from the start, and its first line ends like the others.
            Terminal.copySize(from: FileDescriptor.standardInput, to: terminal.rawValue)
            TerminalRelay.keepLines(of: terminal)
        }
    }
}
