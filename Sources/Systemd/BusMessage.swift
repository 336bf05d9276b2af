import Bytes

/// A message of D-Bus: D-Bus Specification, "Message Format".
struct BusMessage {
    enum Kind: UInt8 {
        case call = 1
        case reply = 2
        case error = 3
        case signal = 4
    }

    var kind: Kind
    /// A number that the sender gives each of its messages; never 0.
    var serial: UInt32
    var path: ByteString?
    var interface: ByteString?
    var member: ByteString?
    var errorName: ByteString?
    /// The serial of the call that this is the answer to.
    var replySerial: UInt32?
    var destination: ByteString?
    /// The unique name of the sender. The bus fills it in, so it can't be forged; without a bus there is none.
    var sender: ByteString?
    /// The types of the values in the body.
    var signature: ByteString = ""
    var body: [UInt8] = []

    init(_ kind: Kind, serial: UInt32) {
        self.kind = kind
        self.serial = serial
    }

    /// Reads the body, which must have the types in `types`.
    func reader(of types: StaticString) throws(MalformedMessage) -> MessageReader {
        guard signature == types else { throw MalformedMessage("its values have other types than expected") }
        return MessageReader(body)
    }

    /// The first value of the body if it's a string, otherwise nil. In an error this is the text for people.
    var text: ByteString? {
        guard signature.bytes.first == UInt8(ascii: "s") else { return nil }
        var reader = MessageReader(body)
        return try? reader.string()
    }
}

extension BusMessage {
    /// Numbers of the header's fields: D-Bus Specification, "Header Fields".
    private enum Field {
        static let path: UInt8 = 1
        static let interface: UInt8 = 2
        static let member: UInt8 = 3
        static let errorName: UInt8 = 4
        static let replySerial: UInt8 = 5
        static let destination: UInt8 = 6
        static let sender: UInt8 = 7
        static let signature: UInt8 = 8
    }

    private static let protocolVersion: UInt8 = 1
    private static let littleEndian = UInt8(ascii: "l")
    private static let bigEndian = UInt8(ascii: "B")
    /// The fixed part of the header, together with the size of the fields.
    static let prefixSize = 16

    /// The message on the wire. It has no flags: each call wants an answer.
    func encoded() throws(MalformedMessage) -> [UInt8] {
        var writer = MessageWriter()
        writer.add(BusMessage.littleEndian)
        writer.add(kind.rawValue)
        writer.add(0 as UInt8)
        writer.add(BusMessage.protocolVersion)
        writer.add(UInt32(truncatingIfNeeded: body.count))
        writer.add(serial)
        writer.addArray(alignment: 8) { writer in
            func add(_ field: UInt8, _ text: ByteString?) {
                guard let text else { return }
                writer.beginStructure()
                writer.add(field)
                writer.beginVariant("s")
                writer.add(text)
            }
            if let path {
                writer.beginStructure()
                writer.add(Field.path)
                writer.beginVariant("o")
                writer.add(path: path)
            }
            add(Field.interface, interface)
            add(Field.member, member)
            add(Field.errorName, errorName)
            if let replySerial {
                writer.beginStructure()
                writer.add(Field.replySerial)
                writer.beginVariant("u")
                writer.add(replySerial)
            }
            add(Field.destination, destination)
            add(Field.sender, sender)
            if !signature.isEmpty {
                writer.beginStructure()
                writer.add(Field.signature)
                writer.beginVariant("g")
                writer.add(signature: signature)
            }
        }
        writer.align(to: 8)
        if let failure = writer.failure { throw failure }
        guard writer.bytes.count + body.count <= MessageLimit.message else { throw MalformedMessage("it is too long") }
        return writer.bytes + body
    }

    /// The size of the whole message that begins with these `prefixSize` bytes.
    static func size(prefix: ArraySlice<UInt8>) throws(MalformedMessage) -> Int {
        let isSwapped = prefix.first == bigEndian
        var reader = MessageReader(Array(prefix))
        let order: UInt8 = try reader.number()
        guard order == littleEndian || isSwapped else { throw MalformedMessage("its byte order is unknown") }
        let _: (kind: UInt8, flags: UInt8) = (try reader.number(), try reader.number())
        guard try reader.number(UInt8.self) == protocolVersion else {
            throw MalformedMessage("its version of the protocol is unknown")
        }
        let numbers: (body: UInt32, serial: UInt32, fields: UInt32) = (
            try reader.number(), try reader.number(), try reader.number()
        )
        let body = Int(isSwapped ? numbers.body.byteSwapped : numbers.body)
        let fields = Int(isSwapped ? numbers.fields.byteSwapped : numbers.fields)
        guard fields <= MessageLimit.array, body <= MessageLimit.specifiedMessage else {
            throw MalformedMessage("it is too long")
        }
        let size = prefixSize + (fields + 7) / 8 * 8 + body
        guard size <= MessageLimit.specifiedMessage else { throw MalformedMessage("it is too long") }
        return size
    }

    /// Reads a whole message.
    ///
    /// - Parameter bytes: the message, of the size that `size(prefix:)` gives.
    /// - Returns: the message; nil for one that we ignore. Those are messages of an unknown kind, as the specification demands,
    ///   and big-endian ones: no program on this machine has a reason to send us one.
    /// - Throws: an error if a rule of the specification is broken. The bus checks these rules for all messages that it passes
    ///   on.
    static func decode(_ bytes: [UInt8]) throws(MalformedMessage) -> BusMessage? {
        var reader = MessageReader(bytes)
        let (order, rawKind): (UInt8, UInt8) = (try reader.number(), try reader.number())
        guard order == littleEndian else { return nil }
        guard rawKind != 0 else { throw MalformedMessage("its kind is invalid") }
        guard let kind = Kind(rawValue: rawKind) else { return nil }
        _ = try reader.number(UInt16.self)
        let bodySize = Int(try reader.number(UInt32.self))
        var message = BusMessage(kind, serial: try reader.number())
        guard message.serial != 0 else { throw MalformedMessage("its serial is 0") }
        try reader.array(alignment: 8) { (reader) throws(MalformedMessage) in try message.readField(&reader) }
        try reader.align(to: 8)
        message.body = try reader.rest(bodySize)
        try message.checkFields()
        return message
    }

    private mutating func readField(_ reader: inout MessageReader) throws(MalformedMessage) {
        try reader.align(to: 8)
        let field: UInt8 = try reader.number()
        switch field {
        case Field.path:
            try reader.variant(of: "o")
            path = try reader.objectPath()
        case Field.interface: interface = try reader.variantString()
        case Field.member: member = try reader.variantString()
        case Field.errorName: errorName = try reader.variantString()
        case Field.replySerial:
            try reader.variant(of: "u")
            replySerial = try reader.number()
        case Field.destination: destination = try reader.variantString()
        case Field.sender: sender = try reader.variantString()
        case Field.signature:
            try reader.variant(of: "g")
            signature = try reader.signature()
        case 0: throw MalformedMessage("a header field is invalid")
        default: try reader.skip(try reader.variant())
        }
    }

    /// Checks that the fields are there that the message's kind demands.
    private func checkFields() throws(MalformedMessage) {
        let isComplete =
            switch kind {
            case .call: path != nil && member != nil
            case .reply: replySerial != nil
            case .error: replySerial != nil && errorName != nil
            case .signal: path != nil && interface != nil && member != nil
            }
        guard isComplete else { throw MalformedMessage("a header field is missing") }
        guard !signature.isEmpty || body.isEmpty else { throw MalformedMessage("it has a body without a signature") }
    }
}
