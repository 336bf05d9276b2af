import Bytes

/// A message of rtnetlink(7): a header, a fixed part that depends on the kind, and attributes. Numbers are in this machine's
/// byte order (netlink(7)).
struct RouteMessage {
    /// The kinds of messages that wherry sends and receives: linux/netlink.h, linux/rtnetlink.h.
    enum Kind {
        static let error: UInt16 = 2
        static let done: UInt16 = 3
        static let newLink: UInt16 = 16
        static let getLink: UInt16 = 18
        static let newAddress: UInt16 = 20
        static let getAddress: UInt16 = 22
    }

    /// NLM_F_… of linux/netlink.h.
    struct Flags: OptionSet {
        let rawValue: UInt16

        static let request = Flags(rawValue: 0x1)
        static let acknowledge = Flags(rawValue: 0x4)
        /// The list changed while the kernel told it.
        static let interrupted = Flags(rawValue: 0x10)
        /// NLM_F_DUMP: asks for all objects.
        static let list = Flags(rawValue: 0x300)
        /// NLM_F_CREATE and NLM_F_EXCL: makes an object that must not exist.
        static let createNew = Flags(rawValue: 0x600)
    }

    static let headerSize = 16

    /// The kind of what is asked for, as errors call it.
    let name: StaticString
    private(set) var bytes: [UInt8] = []

    /// Begins a request.
    init(_ kind: UInt16, _ name: StaticString, _ flags: Flags = []) {
        self.name = name
        append(UInt32(0))
        append(kind)
        append(flags.union([.request, flags.contains(.list) ? [] : .acknowledge]).rawValue)
        append(UInt64(0))
    }

    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        bytes += number.bytes
    }

    /// Appends an attribute, padded to a multiple of four bytes.
    mutating func append(attribute kind: UInt16, _ payload: [UInt8]) {
        append(UInt16(4 + payload.count))
        append(kind)
        bytes += payload
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// The message with its length and its number in the header.
    func numbered(_ sequence: UInt32) -> [UInt8] {
        UInt32(bytes.count).bytes + bytes[4..<8] + sequence.bytes + bytes[12...]
    }
}

/// A message from the kernel.
struct RouteAnswer {
    let kind: UInt16
    let flags: RouteMessage.Flags
    let sequence: UInt32
    /// The message without its header.
    let body: [UInt8]

    /// The messages in what one receiving call returned.
    static func all(in bytes: [UInt8]) -> [RouteAnswer] {
        var answers: [RouteAnswer] = []
        var place = 0
        while let length: UInt32 = bytes.number(at: place), length >= RouteMessage.headerSize, place + Int(length) <= bytes.count,
            let kind: UInt16 = bytes.number(at: place + 4), let flags: UInt16 = bytes.number(at: place + 6),
            let sequence: UInt32 = bytes.number(at: place + 8)
        {
            let body = Array(bytes[(place + RouteMessage.headerSize)..<(place + Int(length))])
            answers.append(
                RouteAnswer(kind: kind, flags: RouteMessage.Flags(rawValue: flags), sequence: sequence, body: body))
            place += (Int(length) + 3) & ~3
        }
        return answers
    }

    /// The attributes that follow a fixed part of this size.
    func attributes(after size: Int) -> [(kind: UInt16, payload: [UInt8])] {
        var attributes: [(kind: UInt16, payload: [UInt8])] = []
        var place = size
        while let length: UInt16 = body.number(at: place), length >= 4, place + Int(length) <= body.count,
            let kind: UInt16 = body.number(at: place + 2)
        {
            // The two highest bits say how the payload is encoded: linux/netlink.h, NLA_TYPE_MASK.
            attributes.append((kind & 0x3FFF, Array(body[(place + 4)..<(place + Int(length))])))
            place += (Int(length) + 3) & ~3
        }
        return attributes
    }
}

extension FixedWidthInteger {
    /// The number's bytes in this machine's order.
    var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }
}

extension [UInt8] {
    /// The number at a place, in this machine's byte order; nil if it isn't all there.
    func number<Number: FixedWidthInteger>(at place: Int) -> Number? {
        guard place >= 0, place + MemoryLayout<Number>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Number.self) }
    }
}
