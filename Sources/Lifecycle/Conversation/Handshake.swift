import Bytes
import Errors
import Linux

// The messages between Host, which is outside the container, and Init, which is becoming it. Each may be said once, and only when it's
// due: processes of another container may share Init's pid namespace, and one of them that has CAP_SYS_PTRACE may take Init's end of the
// conversation (pidfd_getfd(2)) and say what it likes. So no message says which process is meant. The kernel tells that: see Succession.
//
//     create:   Host                                   Init
//               clone3 ──────────────────────────────► (may send `failed` at any time)
//                          ◄── needsMapping ──────     only if it made its user namespace itself
//                          ─── mapped ───────────►     only with a user namespace
//                          ◄── mounted ───────────     only if there are prestart or createRuntime hooks
//                          ─── hooked ───────────►
//                          ◄── ready + terminal ──     the terminal's controller comes along if there is one
//                          ─── created ──────────►
//               end of file: Init no longer dies with Host
//
//     exec:     Host                                   the processes of ExecInit
//                          ◄── ready + terminal ──     of the first, only with a terminal
//                          ◄── ready ─────────────     of the second, only if it had to search for the program
//                          ─── created ──────────►     and so on as in start
//
//     start:    Start ── connects ────────────────────► Init
//                          ◄── executing ─────────     what comes next is the filter, if one is still to be loaded, and execve
//                          ◄── listener + fd ─────     only with a seccomp filter that notifies …
//                          ◄── listenerAt ────────     … or this, before the filter, if that forbids to send descriptors
//                          ─── listening ────────►
//               end of file: the program runs          or `failed`

/// One end of the conversation.
struct Handshake: ~Copyable {
    let socket: SharedDescriptor

    /// What is longer isn't a message of ours. The socket keeps messages whole.
    private static let limit = 64 * 1024

    init(_ socket: SharedDescriptor) { self.socket = socket }

    var rawValue: Int32 { socket.rawValue }

    borrowing func send(_ message: Message, descriptors: [Int32] = []) throws(SystemError) {
        try socket.file.send(message.encoded(), descriptors: descriptors)
    }

    /// Sends what the conversation can't go on without.
    borrowing func tell(_ message: Message, descriptors: [Int32] = []) throws(RuntimeError) {
        try explaining(
            .system, "the conversation with the container's process broke off", send(message, descriptors: descriptors))
    }

    /// Waits for a message without fields, by read(2), which hardly any seccomp filter forbids.
    borrowing func hears(_ expected: Message) -> Bool {
        guard let bytes = try? socket.file.read(upTo: 64) else { return false }
        return bytes == expected.encoded()
    }

    /// Waits for the one message that is due.
    ///
    /// - Returns: the descriptors that came with it; nil at the end of the conversation.
    borrowing func expect(_ due: Message, within patience: Patience = .usual) throws(RuntimeError) -> [SharedDescriptor]? {
        guard let (message, descriptors) = try receive(within: patience) else { return nil }
        if case .failed(let error) = message { throw error }
        guard message.tag == due.tag else { throw Handshake.unexpected(message, due: due.name.description) }
        return descriptors
    }

    static func unexpected(_ message: Message, due: String) -> RuntimeError {
        RuntimeError(
            .system, "the container's process said \"" + message.name.description + "\" where \"" + due + "\" was due",
            hint: "another process in its pid namespace may have taken its place")
    }

    /// - Returns: nil at the end of the conversation.
    borrowing func receive(within patience: Patience = .usual) throws(RuntimeError)
        -> (message: Message, descriptors: [SharedDescriptor])?
    {
        let (bytes, descriptors): ([UInt8], [SharedDescriptor])
        try patience.awaitWord(from: rawValue)
        do throws(SystemError) {
            do throws(SystemError) {
                (bytes, descriptors) = try receiveBytes()
            } catch  where error.errno == .ECONNRESET {
                // The other end died with a message of ours unread. The kernel says so once, and before what it sent.
                (bytes, descriptors) = try receiveBytes()
            }
        } catch {
            throw RuntimeError(.system, "the conversation with the container's process broke off", error)
        }
        guard !bytes.isEmpty else { return nil }
        guard let message = Message(decoding: bytes) else {
            throw RuntimeError(.system, "the container's first process sent what is no message")
        }
        return (message, descriptors)
    }

    private borrowing func receiveBytes() throws(SystemError) -> ([UInt8], [SharedDescriptor]) {
        let (bytes, descriptors) = try socket.file.receive(limit: Handshake.limit)
        return (bytes, descriptors)
    }
}
