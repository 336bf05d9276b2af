import Bytes
import CLinux
import Errors
import Linux
import OCI

/// Where the container's terminal goes: to the caller's console socket, to our own terminal, or there is none.
struct ConsoleSocket: ~Copyable {
    private let socket: SharedDescriptor?

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
        socket = try explaining(.terminal, "can't connect to the console socket \"" + path.displayText + "\"", path: path) {
            () throws(SystemError) in
            SharedDescriptor(try FileDescriptor.connectStream(to: path))
        }
    }

    /// Sends the terminal's controller to whoever asked for it. Before the program runs.
    borrowing func handOver(_ terminal: SharedDescriptor) throws(RuntimeError) {
        guard let socket else {
            // Ours, then: a program that asks for the size first thing is to see the right one.
            _ = c_window_size_copy(STDIN_FILENO, terminal.rawValue)
            return
        }
        try explaining(.terminal, "the terminal can't be handed over to the console socket") { () throws(SystemError) in
            try socket.with { (socket) throws(SystemError) in
                try socket.send(Array("/dev/ptmx".utf8), descriptors: [terminal.rawValue])
            }
        }
    }
}
