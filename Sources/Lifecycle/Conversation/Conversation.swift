import Bytes
import Errors
import Linux

/// One end of a conversation. It sends and accepts only the messages that are due.
final class Conversation {
    private let socket: SharedDescriptor
    private let side: Message.Side
    private var script: Script

    /// The most bytes of a message. We never send longer ones. The socket preserves message boundaries.
    private static let limit = 64 * 1024

    init(_ socket: SharedDescriptor, as side: Message.Side, _ script: Script) {
        self.socket = socket
        self.side = side
        self.script = script
    }

    var rawValue: Int32 { socket.rawValue }

    // MARK: Saying

    /// Sends the message that is due.
    func say(_ message: Message, descriptors: [Int32] = []) throws(RuntimeError) {
        guard message.kind.side == side, script.take(message.kind) else { throw outOfTurn(message) }
        try explaining(
            .system, "the conversation with the container's process broke off",
            socket.file.send(message.encoded(), descriptors: descriptors))
    }

    /// Tells Host why this process ends. This message may be sent at any time. Nothing happens if Host is gone.
    func fail(_ error: RuntimeError) { try? socket.file.send(Message.failed(error).encoded()) }

    // MARK: Hearing

    /// A message that was received, and the descriptors that came with it.
    struct Heard {
        let message: Message
        let descriptors: [SharedDescriptor]
    }

    /// Waits for the message that is due.
    ///
    /// - Parameter patience: How long to wait.
    /// - Returns: nil at the end of the conversation.
    /// - Throws: The error that the other side sent as `failed`, or an error for a message that isn't due.
    func hear(within patience: Patience = .usual) throws(RuntimeError) -> Heard? {
        guard let (bytes, descriptors) = try receive(within: patience) else { return nil }
        guard let message = Message(decoding: bytes) else {
            throw RuntimeError(.system, "the container's first process sent what is no message")
        }
        if case .failed(let error) = message, side == .host { throw error }
        guard message.kind.side != side, script.take(message.kind) else { throw outOfTurn(message) }
        return Heard(message: message, descriptors: descriptors)
    }

    /// Waits for `listening`. This uses read(2), which hardly any seccomp filter forbids.
    ///
    /// - Returns: false if the conversation ended, or anything else was received.
    func hearsListening() -> Bool {
        guard script.take(.listening), let bytes = try? socket.file.read(upTo: 64) else { return false }
        return bytes == Message.listening.encoded()
    }

    private func receive(within patience: Patience) throws(RuntimeError) -> ([UInt8], [SharedDescriptor])? {
        try patience.awaitWord(from: rawValue)
        do throws(SystemError) {
            let (bytes, descriptors): ([UInt8], [SharedDescriptor])
            do throws(SystemError) {
                (bytes, descriptors) = try socket.file.receive(limit: Conversation.limit)
            } catch  where error.errno == .ECONNRESET {
                // The other end died before it read a message of ours. The kernel reports that once, ahead of the messages that
                // the other end had sent. The second call gets those.
                (bytes, descriptors) = try socket.file.receive(limit: Conversation.limit)
            }
            return bytes.isEmpty ? nil : (bytes, descriptors)
        } catch {
            throw RuntimeError(.system, "the conversation with the container's process broke off", error)
        }
    }

    private func outOfTurn(_ message: Message) -> RuntimeError {
        RuntimeError(
            .system,
            "the container's process said \"" + message.kind.name.description + "\" where \"" + script.nameOfDue + "\" was due",
            hint: "another process in its pid namespace may have taken its place")
    }
}
