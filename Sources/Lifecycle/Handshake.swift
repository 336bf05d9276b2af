import Bytes
import CLinux
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
//     exec:     Host                                   the processes of Joiner
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

/// One message: a byte that says which, then its fields, each a length in 32 bits and that many bytes.
enum Message {
    case needsMapping
    case mapped
    case mounted
    case hooked
    case ready
    case created
    case listener
    /// The number that the listener's descriptor is going to have in the process that says so.
    case listenerAt(Int32)
    case listening
    case executing
    case failed(RuntimeError)
}

/// One end of the conversation.
struct Handshake: ~Copyable {
    let socket: SharedDescriptor

    /// What is longer isn't a message of ours. The socket keeps messages whole.
    private static let limit = 64 * 1024

    init(_ socket: SharedDescriptor) { self.socket = socket }

    var rawValue: Int32 { socket.rawValue }

    borrowing func send(_ message: Message, descriptors: [Int32] = []) throws(SystemError) {
        try socket.with { (socket) throws(SystemError) in try socket.send(message.encoded(), descriptors: descriptors) }
    }

    /// Sends what the conversation can't go on without.
    borrowing func tell(_ message: Message, descriptors: [Int32] = []) throws(RuntimeError) {
        try explaining(.system, "the conversation with the container's process broke off") { () throws(SystemError) in
            try send(message, descriptors: descriptors)
        }
    }

    /// Waits for a message without fields, by read(2), which hardly any seccomp filter forbids.
    borrowing func hears(_ expected: Message) -> Bool {
        guard let bytes = try? socket.with({ (socket) throws(SystemError) in try socket.read(upTo: 64) }) else { return false }
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
            } catch  where error.errno == ECONNRESET {
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
        let (bytes, descriptors) = try socket.with { (socket) throws(SystemError) in
            try socket.receive(limit: Handshake.limit)
        }
        return (bytes, descriptors)
    }
}

extension Message {
    func encoded() -> [UInt8] {
        var writer = FieldWriter(tag: tag)
        switch self {
        case .listenerAt(let number): writer.add(number: number)
        case .failed(let error):
            writer.add(number: Int32(RuntimeError.Code.all.firstIndex { $0 == error.code } ?? 0))
            writer.add(Array(error.sentence.utf8))
            writer.add(optional: error.step)
            writer.add(optional: error.pointer)
            writer.add(optional: error.path.map { $0.displayText })
            writer.add(optional: error.call)
            writer.add(number: error.errno ?? 0)
            writer.add(optional: error.hint)
        default: break
        }
        return writer.bytes
    }

    fileprivate var tag: UInt8 {
        switch self {
        case .needsMapping: 1
        case .mapped: 2
        case .mounted: 3
        case .hooked: 4
        case .ready: 5
        case .created: 6
        case .listener: 7
        case .listenerAt: 8
        case .listening: 9
        case .executing: 10
        case .failed: 11
        }
    }

    fileprivate var name: StaticString {
        switch self {
        case .needsMapping: "needs mapping"
        case .mapped: "mapped"
        case .mounted: "mounted"
        case .hooked: "hooked"
        case .ready: "ready"
        case .created: "created"
        case .listener: "listener"
        case .listenerAt: "listener at"
        case .listening: "listening"
        case .executing: "executing"
        case .failed: "failed"
        }
    }

    init?(decoding bytes: [UInt8]) {
        var reader = FieldReader(bytes)
        switch reader.tag {
        case 1: self = .needsMapping
        case 2: self = .mapped
        case 3: self = .mounted
        case 4: self = .hooked
        case 5: self = .ready
        case 6: self = .created
        case 7: self = .listener
        case 8:
            guard let number = reader.number() else { return nil }
            self = .listenerAt(number)
        case 9: self = .listening
        case 10: self = .executing
        case 11:
            guard let code = reader.number(), let sentence = reader.text(), let step = reader.text(), let pointer = reader.text(),
                let path = reader.text(), let call = reader.text(), let errno = reader.number(), let hint = reader.text(),
                RuntimeError.Code.all.indices.contains(Int(code))
            else { return nil }
            self = .failed(
                RuntimeError(
                    RuntimeError.Code.all[Int(code)], sentence, step: step.nonEmpty, pointer: pointer.nonEmpty,
                    path: path.nonEmpty.map { ByteString($0) }, call: call.nonEmpty, errno: errno == 0 ? nil : errno,
                    hint: hint.nonEmpty))
        default: return nil
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

private struct FieldWriter {
    private(set) var bytes: [UInt8]

    init(tag: UInt8) { bytes = [tag] }

    mutating func add(_ field: [UInt8]) {
        // An error's text never needs more; a message that didn't fit would be lost whole.
        let field = field.prefix(7 * 1024)
        withUnsafeBytes(of: UInt32(field.count)) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    mutating func add(number: Int32) { withUnsafeBytes(of: number) { add(Array($0)) } }

    mutating func add(optional text: String?) { add(Array((text ?? "").utf8)) }
}

private struct FieldReader {
    private let bytes: [UInt8]
    private var offset = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var tag: UInt8 { bytes[0] }
    var isAtEnd: Bool { offset == bytes.count }

    private mutating func field() -> ArraySlice<UInt8>? {
        guard bytes.count - offset >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        guard length <= bytes.count - offset - 4 else { return nil }
        defer { offset += 4 + length }
        return bytes[(offset + 4)..<(offset + 4 + length)]
    }

    mutating func text() -> String? { field().map { String(decoding: $0, as: UTF8.self) } }

    mutating func number() -> Int32? {
        guard let bytes = field(), bytes.count == 4 else { return nil }
        return Int32(bitPattern: bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) })
    }
}
