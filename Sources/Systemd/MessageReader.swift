import Bytes

/// Reads values in the wire format of D-Bus, little endian: D-Bus Specification, "Marshaling (Wire Format)".
///
/// The bytes may come from anyone who can send to us on the bus. Each function checks the bounds, the padding and the rules of
/// its type, and none of them traps.
struct MessageReader {
    private let bytes: [UInt8]
    private var place: Int
    /// Where the values end: the end of the bytes, or of the array that is being read.
    private var end: Int

    /// Reads from the start of the bytes, which is where alignment counts from.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        place = 0
        end = bytes.count
    }

    /// Whether all bytes have been read.
    var isAtEnd: Bool { place == end }

    /// Passes over the padding before a value. The specification demands that it consists of zeros.
    mutating func align(to alignment: Int) throws(MalformedMessage) {
        while place & (alignment - 1) != 0 {
            guard place < end else { throw MalformedMessage("it ends in a value") }
            guard bytes[place] == 0 else { throw MalformedMessage("its padding isn't zero") }
            place += 1
        }
    }

    /// Reads a number: types y, n, q, i, u, x and t, according to its Swift type.
    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(MalformedMessage) -> Number {
        Number(truncatingIfNeeded: try bits(size: MemoryLayout<Number>.size))
    }

    /// One function for all types of number, so that its code exists once.
    @inline(never)
    private mutating func bits(size: Int) throws(MalformedMessage) -> UInt64 {
        try align(to: size)
        var result: UInt64 = 0
        var shift: UInt64 = 0
        for byte in try take(size) {
            result |= UInt64(byte) << shift
            shift += 8
        }
        return result
    }

    /// Reads a boolean: type b, a number of 32 bits that is 0 or 1.
    mutating func boolean() throws(MalformedMessage) -> Bool {
        switch try number(UInt32.self) {
        case 0: return false
        case 1: return true
        default: throw MalformedMessage("a boolean is neither 0 nor 1")
        }
    }

    /// Reads a string: type s.
    mutating func string() throws(MalformedMessage) -> ByteString {
        let text = try terminated(Int(try number(UInt32.self)))
        guard WireText.isString(text) else { throw MalformedMessage("a string isn't UTF-8, or holds a NUL") }
        return ByteString(text)
    }

    /// Reads an object path: type o.
    mutating func objectPath() throws(MalformedMessage) -> ByteString {
        let text = try terminated(Int(try number(UInt32.self)))
        guard WireText.isObjectPath(text) else { throw MalformedMessage("an object path is invalid") }
        return ByteString(text)
    }

    /// Reads a signature: type g.
    mutating func signature() throws(MalformedMessage) -> ByteString {
        let text = try terminated(Int(try number(UInt8.self)))
        guard WireText.isSignature(text) else { throw MalformedMessage("a signature is invalid") }
        return ByteString(text)
    }

    /// Reads an array.
    ///
    /// - Parameters:
    ///   - alignment: the alignment of the type of its elements.
    ///   - element: reads one element, and at least one byte.
    /// - Throws: an error if an element goes beyond the end of the array.
    mutating func array(
        alignment: Int, _ element: (inout MessageReader) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        let size = Int(try number(UInt32.self))
        guard size <= MessageLimit.array else { throw MalformedMessage("an array is too long") }
        try align(to: alignment)
        guard size <= end - place else { throw MalformedMessage("an array is longer than the message") }
        let outer = end
        end = place + size
        while place < end { try element(&self) }
        end = outer
    }

    /// Reads the signature of a variant. The value, of one complete type, follows.
    mutating func variant() throws(MalformedMessage) -> ByteString {
        let type = try signature()
        guard let length = WireText.typeLength(in: type.bytes[...], depth: 0), length == type.count else {
            throw MalformedMessage("a variant hasn't exactly one type")
        }
        return type
    }

    /// Reads a variant whose value must have the type in `type`.
    mutating func variant(of type: StaticString) throws(MalformedMessage) {
        guard try variant() == type else { throw MalformedMessage("a value has another type than expected") }
    }

    /// Reads a variant that holds a string.
    mutating func variantString() throws(MalformedMessage) -> ByteString {
        try variant(of: "s")
        return try string()
    }

    /// Takes the last bytes as they are. There must be exactly `count`.
    mutating func rest(_ count: Int) throws(MalformedMessage) -> [UInt8] {
        guard end - place == count else { throw MalformedMessage("its size isn't the one that it gives") }
        return Array(try take(count))
    }

    /// Passes over the values of all types in a signature, which is valid.
    mutating func skip(_ signature: ByteString) throws(MalformedMessage) { try skip(signature.bytes[...], depth: 0) }

    private mutating func skip(_ types: ArraySlice<UInt8>, depth: Int) throws(MalformedMessage) {
        guard depth <= MessageLimit.depth else { throw MalformedMessage("its values are nested too deeply") }
        var rest = types
        while let first = rest.first {
            guard let length = typeLength(of: rest) else { throw MalformedMessage("a signature is invalid") }
            try skipOne(first, rest.prefix(length), depth: depth)
            rest = rest.dropFirst(length)
        }
    }

    /// Dictionary entries, too, which `WireText` takes only inside an array.
    private func typeLength(of types: ArraySlice<UInt8>) -> Int? {
        types.first == UInt8(ascii: "{") ? types.count : WireText.typeLength(in: types, depth: 0)
    }

    private mutating func skipOne(_ first: UInt8, _ type: ArraySlice<UInt8>, depth: Int) throws(MalformedMessage) {
        switch first {
        case UInt8(ascii: "s"): _ = try string()
        case UInt8(ascii: "o"): _ = try objectPath()
        case UInt8(ascii: "g"): _ = try signature()
        case UInt8(ascii: "b"): _ = try boolean()
        case UInt8(ascii: "v"): try skip(try variant().bytes[...], depth: depth + 1)
        case UInt8(ascii: "("), UInt8(ascii: "{"):
            try align(to: 8)
            try skip(type.dropFirst().dropLast(), depth: depth + 1)
        case UInt8(ascii: "a"):
            let element = type.dropFirst()
            try array(alignment: WireText.alignment(element.first ?? 0)) { (reader) throws(MalformedMessage) in
                try reader.skip(element, depth: depth + 1)
            }
        default: _ = try bits(size: WireText.alignment(first))
        }
    }

    /// Text of so many bytes, with a NUL after it.
    private mutating func terminated(_ count: Int) throws(MalformedMessage) -> ArraySlice<UInt8> {
        let text = try take(count)
        guard try take(1).first == 0 else { throw MalformedMessage("a string doesn't end in NUL") }
        return text
    }

    private mutating func take(_ count: Int) throws(MalformedMessage) -> ArraySlice<UInt8> {
        guard count <= end - place else { throw MalformedMessage("it ends in a value") }
        defer { place += count }
        return bytes[place..<place + count]
    }
}
