import Bytes
import CLinux
import Errors
import Linux

// The messages between Host, which is outside the container, and Init, which is becoming it.
//
//     create:   Host                                   Init
//               clone3 ──────────────────────────────► (each may send `warning` or `failed` at any time)
//                          ◄── needsMapping ──────     only if it made its user namespace itself
//                          ─── mapped ───────────►     only with a user namespace
//                          ◄── successor + pidfd ─     only if the pid namespace takes a second clone; Init goes on in it
//                          ◄── mounted ───────────     only if there are prestart or createRuntime hooks
//                          ─── hooked ───────────►
//                          ◄── ready + terminal ──     the terminal's controller comes along if there is one
//                          ─── created ──────────►
//               end of file: Init no longer dies with Host
//
//     exec:     Host                                   Joiner's processes
//                          ◄── ready + terminal ──     of the first, only with a terminal
//                          ◄── ready ─────────────     of the second, only if it had to search for the program
//                          ─── created ──────────►     and so on as in start
//
//     start:    Start ── connects ────────────────────► Init
//                          ◄── listener + fd ─────     only with a seccomp filter that notifies
//                          ─── listening ────────►
//                          ◄── executing ─────────     the next thing is execve
//               end of file: the program runs          or `failed`

/// One message: a byte that says which, then its fields, each a length in 32 bits and that many bytes.
enum Message {
    case needsMapping
    case mapped
    case successor(pid: Int32)
    case mounted
    case hooked
    case ready
    case created
    case listener
    case listening
    case executing
    case warning(String)
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

    /// - Returns: nil at the end of the conversation.
    borrowing func receive() throws(RuntimeError) -> (message: Message, descriptors: [SharedDescriptor])? {
        let (bytes, descriptors): ([UInt8], [SharedDescriptor])
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
        case .successor(let pid): writer.add(number: pid)
        case .warning(let text): writer.add(Array(text.utf8))
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

    private var tag: UInt8 {
        switch self {
        case .needsMapping: 1
        case .mapped: 2
        case .successor: 3
        case .mounted: 4
        case .hooked: 5
        case .ready: 6
        case .created: 7
        case .listener: 8
        case .listening: 9
        case .executing: 10
        case .warning: 11
        case .failed: 12
        }
    }

    init?(decoding bytes: [UInt8]) {
        var reader = FieldReader(bytes)
        switch reader.tag {
        case 1: self = .needsMapping
        case 2: self = .mapped
        case 3:
            guard let pid = reader.number() else { return nil }
            self = .successor(pid: pid)
        case 4: self = .mounted
        case 5: self = .hooked
        case 6: self = .ready
        case 7: self = .created
        case 8: self = .listener
        case 9: self = .listening
        case 10: self = .executing
        case 11:
            guard let text = reader.text() else { return nil }
            self = .warning(text)
        case 12:
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
