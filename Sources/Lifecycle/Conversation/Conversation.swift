import Bytes
import Errors
import Linux

/// One end of a conversation: it sends and takes only the messages that are due.
final class Conversation {
    private let socket: SharedDescriptor
    private let side: Message.Side
    private var script: Script

    /// Bytes. Longer ones aren't messages of ours. The socket keeps messages whole.
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

    /// Tells Host why this process ends. That may be said at any time; Host may be gone.
    func fail(_ error: RuntimeError) { try? socket.file.send(Message.failed(error).encoded()) }

    // MARK: Hearing

    struct Heard {
        let message: Message
        let descriptors: [SharedDescriptor]
    }

    /// Waits for the message that is due.
    ///
    /// - Returns: nil at the end of the conversation.
    /// - Throws: The other side's `failed`, and an error for a message that isn't due.
    func hear(within patience: Patience = .usual) throws(RuntimeError) -> Heard? {
        guard let (bytes, descriptors) = try receive(within: patience) else { return nil }
        guard let message = Message(decoding: bytes) else {
            throw RuntimeError(.system, "the container's first process sent what is no message")
        }
        if case .failed(let error) = message, side == .host { throw error }
        guard message.kind.side != side, script.take(message.kind) else { throw outOfTurn(message) }
        return Heard(message: message, descriptors: descriptors)
    }

    /// Waits for `listening`, by read(2): hardly any seccomp filter forbids that.
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
                // The other end died with a message of ours unread. The kernel says so once, and before what that end sent.
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
