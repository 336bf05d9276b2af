import Bytes
import Errors
import Linux

/// A connection to a stream socket at which the caller waits for a descriptor: `--console-socket`, `--pidfd-socket`.
struct CallersSocket: ~Copyable {
    private let socket: FileDescriptor
    /// The socket's name in error messages: `the console socket "/run/…"`.
    private let label: String
    private let path: ByteString
    private let code: RuntimeError.Code

    /// How long the caller may take to accept the connection, and then to take the message, in milliseconds.
    private static let patience = 10_000

    /// Connects to the socket at `path`. Errors call the socket by `name` and have the code `code`, except timeouts.
    init(connectingTo path: ByteString, _ name: StaticString, _ code: RuntimeError.Code) throws(RuntimeError) {
        let label = "the " + name.description + " \"" + path.displayText + "\""
        do throws(SystemError) {
            socket = try FileDescriptor.connectStream(to: path, timeout: CallersSocket.patience)
        } catch  where error.errno == .EAGAIN {
            throw RuntimeError(
                .timeout, "nobody has accepted a connection to " + label + " within 10 seconds", path: path,
                call: error.call, errno: nil)
        } catch {
            throw RuntimeError(code, "can't connect to " + label, error, path: path)
        }
        self.label = label
        self.path = path
        self.code = code
    }

    /// Sends a descriptor, together with a text.
    borrowing func send(_ text: StaticString, _ descriptor: Int32) throws(RuntimeError) {
        do throws(SystemError) {
            try socket.send(Array(text.description.utf8), descriptors: [descriptor])
        } catch  where error.errno == .EAGAIN {
            throw RuntimeError(
                .timeout, label + " hasn't taken the descriptor within 10 seconds", path: path, call: error.call, errno: nil)
        } catch {
            throw RuntimeError(code, "the descriptor can't be sent to " + label, error, path: path)
        }
    }
}
