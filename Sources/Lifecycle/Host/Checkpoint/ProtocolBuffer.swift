import Bytes

/// Writes a message in the encoding of protocol buffers (https://protobuf.dev/programming-guides/encoding): numbered fields,
/// one after another. It supports only what criu's requests need.
struct ProtocolBuffer {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case variable = 0
        case lengthDelimited = 2
    }

    private mutating func append(variable number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func begin(_ field: Int, _ type: WireType) { append(variable: UInt64(field) << 3 | type.rawValue) }

    /// Adds a number. Negative numbers have another form, which isn't supported.
    mutating func add(_ field: Int, _ number: UInt64) {
        begin(field, .variable)
        append(variable: number)
    }

    mutating func add(_ field: Int, _ isOn: Bool) { add(field, isOn ? 1 : 0) }

    mutating func add(_ field: Int, _ text: ByteString) { add(field, text.bytes) }

    mutating func add(_ field: Int, _ message: ProtocolBuffer) { add(field, message.bytes) }

    private mutating func add(_ field: Int, _ content: [UInt8]) {
        begin(field, .lengthDelimited)
        append(variable: UInt64(content.count))
        bytes += content
    }
}

/// Reads a message in the encoding of protocol buffers. If a field occurs repeatedly, the last one counts.
struct ProtocolBufferReader {
    private var numbers: [(field: Int, value: UInt64)] = []
    private var contents: [(field: Int, value: ArraySlice<UInt8>)] = []

    /// Reads the fields: nil if the bytes aren't such a message.
    init?(_ message: ArraySlice<UInt8>) {
        var rest = message
        while !rest.isEmpty {
            guard let key = ProtocolBufferReader.number(&rest) else { return nil }
            let field = Int(truncatingIfNeeded: key >> 3)
            switch key & 7 {
            case 0:
                guard let number = ProtocolBufferReader.number(&rest) else { return nil }
                numbers.append((field, number))
            case 2:
                guard let length = ProtocolBufferReader.number(&rest), length <= UInt64(rest.count) else { return nil }
                contents.append((field, rest.prefix(Int(length))))
                rest = rest.dropFirst(Int(length))
            case 1 where rest.count >= 8: rest = rest.dropFirst(8)
            case 5 where rest.count >= 4: rest = rest.dropFirst(4)
            default: return nil
            }
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { return nil }
            result |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return result }
            shift += 7
        }
        return nil
    }

    func number(_ field: Int) -> UInt64? { numbers.last { $0.field == field }?.value }

    func isOn(_ field: Int) -> Bool { number(field) == 1 }

    /// A number that may be negative. A negative number is encoded with 64 bits.
    func integer(_ field: Int) -> Int32? { number(field).map { Int32(truncatingIfNeeded: $0) } }

    func text(_ field: Int) -> ByteString? { contents.last { $0.field == field }.map { ByteString($0.value) } }

    func message(_ field: Int) -> ProtocolBufferReader? {
        contents.last { $0.field == field }.flatMap { ProtocolBufferReader($0.value) }
    }
}
