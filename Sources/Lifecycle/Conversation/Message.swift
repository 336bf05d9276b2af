import Bytes
import Cgroups
import Errors

/// A message between Host and Init.
///
/// Its encoding is a byte for the kind, then the fields: for each a length of 32 bits, and that many bytes.
enum Message {
    /// Init is in this cgroup, which systemd has made. Carries the files by which Init enters its cgroups of v1.
    case placed(CgroupRecord)
    case needsMapping
    case mapped
    case mounted
    case equipped
    /// Carries the controller of the terminal that exec's first process opened.
    case terminal
    case ready
    case created
    case executing
    case listener
    /// The number that the listener's descriptor is going to have in the sender.
    case listenerAt(Int32)
    case listening
    case failed(RuntimeError)

    /// The two sides of a conversation.
    enum Side: Sendable {
        /// Host: the command that runs outside the container.
        case host
        /// A process of wherry's that enters the container, or a helper process.
        case process
    }

    /// The kind of a message, which is its first byte. The numbers follow the order in which the messages are sent: see Script.
    enum Kind: UInt8 {
        case placed = 1, needsMapping, mapped, mounted, equipped, terminal, ready, created, executing, listener, listenerAt,
            listening,
            failed

        /// The side that sends it.
        var side: Side {
            switch self {
            case .placed, .mapped, .equipped, .created, .listening: .host
            case .needsMapping, .mounted, .terminal, .ready, .listener, .listenerAt, .executing, .failed: .process
            }
        }

        var name: StaticString {
            switch self {
            case .placed: "placed"
            case .needsMapping: "needs mapping"
            case .mapped: "mapped"
            case .mounted: "mounted"
            case .equipped: "equipped"
            case .terminal: "terminal"
            case .ready: "ready"
            case .created: "created"
            case .listener: "listener"
            case .listenerAt: "listener at"
            case .listening: "listening"
            case .executing: "executing"
            case .failed: "failed"
            }
        }
    }
}

extension Message {
    func encoded() -> [UInt8] {
        var writer = FieldWriter(tag: kind.rawValue)
        switch self {
        case .placed(let cgroup):
            writer.add(cgroup.path.bytes)
            for group in cgroup.groups {
                writer.add(group.mountPoint.bytes)
                writer.add(group.subsystems.bytes)
            }
        case .listenerAt(let number): writer.add(number: number)
        case .failed(let error):
            writer.add(number: Int32(RuntimeError.Code.all.firstIndex { $0 == error.code } ?? 0))
            writer.add(Array(error.sentence.utf8))
            writer.add(optional: error.step)
            writer.add(optional: error.pointer)
            writer.add(optional: error.path.map { $0.displayText })
            writer.add(optional: error.call)
            writer.add(number: error.errno?.rawValue ?? 0)
            writer.add(optional: error.hint)
        default: break
        }
        return writer.bytes
    }

    var kind: Kind {
        switch self {
        case .placed: .placed
        case .needsMapping: .needsMapping
        case .mapped: .mapped
        case .mounted: .mounted
        case .equipped: .equipped
        case .terminal: .terminal
        case .ready: .ready
        case .created: .created
        case .listener: .listener
        case .listenerAt: .listenerAt
        case .listening: .listening
        case .executing: .executing
        case .failed: .failed
        }
    }

    init?(decoding bytes: [UInt8]) {
        var reader = FieldReader(bytes)
        switch Kind(rawValue: reader.tag) {
        case .placed:
            guard let path = reader.bytes() else { return nil }
            var groups: [CgroupRecord.Group] = []
            while !reader.isAtEnd {
                guard let mountPoint = reader.bytes(), let subsystems = reader.bytes() else { return nil }
                groups.append(CgroupRecord.Group(mountPoint: mountPoint, subsystems: subsystems, existing: 0))
            }
            self = .placed(CgroupRecord(path: path, groups: groups))
        case .needsMapping: self = .needsMapping
        case .mapped: self = .mapped
        case .mounted: self = .mounted
        case .equipped: self = .equipped
        case .terminal: self = .terminal
        case .ready: self = .ready
        case .created: self = .created
        case .listener: self = .listener
        case .listenerAt:
            guard let number = reader.number() else { return nil }
            self = .listenerAt(number)
        case .listening: self = .listening
        case .executing: self = .executing
        case .failed:
            guard let code = reader.number(), let sentence = reader.text(), let step = reader.text(), let pointer = reader.text(),
                let path = reader.text(), let call = reader.text(), let errno = reader.number(), let hint = reader.text(),
                RuntimeError.Code.all.indices.contains(Int(code))
            else { return nil }
            self = .failed(
                RuntimeError(
                    RuntimeError.Code.all[Int(code)], sentence, step: step.nonEmpty, pointer: pointer.nonEmpty,
                    path: path.nonEmpty.map { ByteString($0) }, call: call.nonEmpty,
                    errno: errno == 0 ? nil : Errno(rawValue: errno),
                    hint: hint.nonEmpty))
        case nil: return nil
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
        // Cut, since a message that is too long would be lost as a whole. No text of an error needs more.
        let field = field.prefix(7 * 1024)
        withUnsafeBytes(of: UInt32(field.count)) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    mutating func add(number: Int32) { withUnsafeBytes(of: number) { add(Array($0)) } }

    mutating func add(optional text: String?) { add(Array((text ?? "").utf8)) }
}

private struct FieldReader {
    private let message: [UInt8]
    private var offset = 1

    init(_ bytes: [UInt8]) { message = bytes }

    var tag: UInt8 { message[0] }
    var isAtEnd: Bool { offset == message.count }

    private mutating func field() -> ArraySlice<UInt8>? {
        guard message.count - offset >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(message[offset + $1]) << (8 * $1) }
        guard length <= message.count - offset - 4 else { return nil }
        defer { offset += 4 + length }
        return message[(offset + 4)..<(offset + 4 + length)]
    }

    mutating func bytes() -> ByteString? { field().map { ByteString($0) } }

    mutating func text() -> String? { field().map { String(decoding: $0, as: UTF8.self) } }

    mutating func number() -> Int32? {
        guard let bytes = field(), bytes.count == 4 else { return nil }
        return Int32(bitPattern: bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) })
    }
}
