public import Bytes

/// A property of a unit, as StartTransientUnit and SetUnitProperties take it: org.freedesktop.systemd1(5). systemd accepts
/// a property only with the type that it has there, and times only in microseconds, with names that end in USec.
public struct UnitProperty: Equatable, Sendable {
    /// A value, whose D-Bus type is part of it.
    public enum Value: Equatable, Sendable {
        /// Type b.
        case boolean(Bool)
        /// Type i.
        case int32(Int32)
        /// Type u.
        case uint32(UInt32)
        /// Type t.
        case uint64(UInt64)
        /// Type s.
        case string(ByteString)
        /// Type as.
        case strings([ByteString])
        /// Type au, such as the pids in PIDs.
        case uint32s([UInt32])
        /// Type a(st): devices with a weight or a limit each, such as IOReadBandwidthMax.
        case limits([Limit])
        /// Type a(ss): pairs of texts, such as DeviceAllow.
        case pairs([Pair])
        /// Type ay, such as the set of processors in AllowedCPUs.
        case bytes([UInt8])
    }

    /// One device and its weight or limit.
    public struct Limit: Equatable, Sendable {
        public let name: ByteString
        public let value: UInt64

        public init(_ name: ByteString, _ value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    /// Two texts, such as a device and the kinds of access to it.
    public struct Pair: Equatable, Sendable {
        public let first: ByteString
        public let second: ByteString

        public init(_ first: ByteString, _ second: ByteString) {
            self.first = first
            self.second = second
        }
    }

    public let name: ByteString
    public let value: Value

    public init(_ name: ByteString, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// Writes the property: type (sv).
    func write(to writer: inout MessageWriter) {
        writer.beginStructure()
        writer.add(name)
        writer.beginVariant(value.signature)
        value.write(to: &writer)
    }
}

extension MessageWriter {
    /// Adds properties: type a(sv).
    mutating func add(_ properties: [UnitProperty]) {
        addArray(alignment: 8) { writer in for property in properties { property.write(to: &writer) } }
    }
}

extension UnitProperty.Value {
    fileprivate var signature: ByteString {
        switch self {
        case .boolean: "b"
        case .int32: "i"
        case .uint32: "u"
        case .uint64: "t"
        case .string: "s"
        case .strings: "as"
        case .uint32s: "au"
        case .limits: "a(st)"
        case .pairs: "a(ss)"
        case .bytes: "ay"
        }
    }

    fileprivate func write(to writer: inout MessageWriter) {
        switch self {
        case .boolean(let isTrue): writer.add(isTrue)
        case .int32(let number): writer.add(UInt32(bitPattern: number))
        case .uint32(let number): writer.add(number)
        case .uint64(let number): writer.add(number)
        case .string(let text): writer.add(text)
        case .bytes(let bytes): writer.add(array: bytes)
        case .strings(let texts):
            writer.addArray(alignment: 4) { writer in for text in texts { writer.add(text) } }
        case .uint32s(let numbers):
            writer.addArray(alignment: 4) { writer in for number in numbers { writer.add(number) } }
        case .limits(let limits):
            writer.addArray(alignment: 8) { writer in
                for limit in limits {
                    writer.beginStructure()
                    writer.add(limit.name)
                    writer.add(limit.value)
                }
            }
        case .pairs(let pairs):
            writer.addArray(alignment: 8) { writer in
                for pair in pairs {
                    writer.beginStructure()
                    writer.add(pair.first)
                    writer.add(pair.second)
                }
            }
        }
    }

    /// Reads a variant.
    ///
    /// - Parameter reader: the place of the variant; afterwards, the place behind it.
    /// - Throws: an error if the value has a type that isn't among the cases.
    init(variant reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.variant() {
        case "b": self = .boolean(try reader.boolean())
        case "i": self = .int32(Int32(bitPattern: try reader.number()))
        case "u": self = .uint32(try reader.number())
        case "t": self = .uint64(try reader.number())
        case "s": self = .string(try reader.string())
        case "as":
            var texts: [ByteString] = []
            try reader.array(alignment: 4) { (reader) throws(MalformedMessage) in texts.append(try reader.string()) }
            self = .strings(texts)
        case "au":
            var numbers: [UInt32] = []
            try reader.array(alignment: 4) { (reader) throws(MalformedMessage) in numbers.append(try reader.number()) }
            self = .uint32s(numbers)
        case "a(st)":
            var limits: [UnitProperty.Limit] = []
            try reader.array(alignment: 8) { (reader) throws(MalformedMessage) in
                try reader.align(to: 8)
                limits.append(UnitProperty.Limit(try reader.string(), try reader.number()))
            }
            self = .limits(limits)
        case "a(ss)":
            var pairs: [UnitProperty.Pair] = []
            try reader.array(alignment: 8) { (reader) throws(MalformedMessage) in
                try reader.align(to: 8)
                pairs.append(UnitProperty.Pair(try reader.string(), try reader.string()))
            }
            self = .pairs(pairs)
        case "ay":
            var bytes: [UInt8] = []
            try reader.array(alignment: 1) { (reader) throws(MalformedMessage) in bytes.append(try reader.number()) }
            self = .bytes(bytes)
        default: throw MalformedMessage("a property has an unexpected type")
        }
    }
}
