import Bytes

/// Writes values in the wire format of D-Bus, little endian: D-Bus Specification, "Marshaling (Wire Format)".
///
/// Each value is aligned to its size, counted from the start of the message. A body begins at a multiple of 8, the largest
/// alignment, so a body can be written by itself.
///
/// A value that D-Bus doesn't allow, such as a string that isn't UTF-8, makes the whole message invalid: the bus would close
/// the connection on it. The writer notes that in `failure` and its user checks it once, before it sends the bytes.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []
    /// The first value that couldn't be written; nil if all could.
    private(set) var failure: MalformedMessage?

    init() {}

    /// Writes strings.
    init(_ texts: ByteString...) {
        for text in texts { add(text) }
    }

    /// Adds zeros up to a multiple of `alignment`, which is a power of two.
    mutating func align(to alignment: Int) {
        while bytes.count & (alignment - 1) != 0 { bytes.append(0) }
    }

    /// Adds a number: types y, n, q, i, u, x and t, according to its Swift type.
    mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        add(bits: UInt64(truncatingIfNeeded: number), size: MemoryLayout<Number>.size)
    }

    /// One function for all types of number, so that its code exists once.
    @inline(never)
    private mutating func add(bits: UInt64, size: Int) {
        align(to: size)
        for place in 0..<size { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(place * 8))) }
        checkSize()
    }

    /// Adds a boolean: type b, which has 32 bits.
    mutating func add(_ isTrue: Bool) { add(UInt32(isTrue ? 1 : 0)) }

    /// Adds a string: type s.
    @inline(never)
    mutating func add(_ text: ByteString) {
        guard text.count <= MessageLimit.message else { return fail("a string is too long") }
        guard WireText.isString(text.bytes[...]) else { return fail("a string isn't UTF-8, or holds a NUL") }
        add(UInt32(text.count))
        bytes += text.bytes
        bytes.append(0)
        checkSize()
    }

    /// Adds an object path: type o.
    mutating func add(path: ByteString) {
        guard WireText.isObjectPath(path.bytes[...]) else { return fail("an object path is invalid") }
        add(path)
    }

    /// Adds a signature: type g.
    mutating func add(signature: ByteString) {
        guard WireText.isSignature(signature.bytes[...]) else { return fail("a signature is invalid") }
        bytes.append(UInt8(signature.count))
        bytes += signature.bytes
        bytes.append(0)
    }

    /// Adds an array.
    ///
    /// - Parameters:
    ///   - alignment: the alignment of the type of its elements. The elements begin at such a place even if there are none.
    ///   - elements: writes the elements.
    mutating func addArray(alignment: Int, _ elements: (inout MessageWriter) -> Void) {
        align(to: 4)
        let place = bytes.count
        add(0 as UInt32)
        align(to: alignment)
        let start = bytes.count
        elements(&self)
        let size = bytes.count - start
        guard size <= MessageLimit.array else { return fail("an array is too long") }
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: size >> (index * 8)) }
    }

    /// Adds an array of bytes: type ay.
    mutating func add(array content: [UInt8]) {
        guard content.count <= MessageLimit.message else { return fail("an array is too long") }
        add(UInt32(content.count))
        bytes += content
        checkSize()
    }

    /// Begins a structure, whose members follow. A structure has no end on the wire.
    mutating func beginStructure() { align(to: 8) }

    /// Begins a variant: its value, of the type in `signature`, follows.
    mutating func beginVariant(_ signature: ByteString) { add(signature: signature) }

    private mutating func checkSize() {
        if bytes.count > MessageLimit.message { fail("the message is too long") }
    }

    private mutating func fail(_ reason: StaticString) {
        if failure == nil { failure = MalformedMessage(reason) }
    }
}
