/// Text as the kernel sees it: bytes without NUL, in no particular encoding.
///
/// Paths, arguments, environment, keys and ids are byte strings, never `String`: `String` compares by canonical equivalence
/// ("é" in one code point equals "e" with an accent), splits by grapheme (a combining mark swallows the "/" before it) and
/// repairs what isn't UTF-8. A check would then examine another text than the one that the kernel gets.
public struct ByteString: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    public init(_ text: String) { self.bytes = Array(text.utf8) }

    /// Copies a C string.
    public init(cString: UnsafePointer<CChar>) {
        var length = 0
        while cString[length] != 0 { length += 1 }
        self.bytes = cString.withMemoryRebound(to: UInt8.self, capacity: length) {
            Array(UnsafeBufferPointer(start: $0, count: length))
        }
    }

    /// Writes a number in decimal.
    public init(decimal number: some BinaryInteger) { self.init(magnitude: UInt64(number.magnitude), isNegative: number < 0) }

    @inline(never)
    private init(magnitude: UInt64, isNegative: Bool) {
        var digits: [UInt8] = []
        var rest = magnitude
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        if isNegative { digits.append(UInt8(ascii: "-")) }
        self.bytes = digits.reversed()
    }

    public var isEmpty: Bool { bytes.isEmpty }

    public var count: Int { bytes.count }

    public func hasPrefix(_ prefix: ByteString) -> Bool { bytes.starts(with: prefix.bytes) }

    public func hasSuffix(_ suffix: ByteString) -> Bool {
        bytes.count >= suffix.bytes.count && bytes[(bytes.count - suffix.bytes.count)...].elementsEqual(suffix.bytes)
    }

    public func contains(_ byte: UInt8) -> Bool { bytes.contains(byte) }

    /// The parts between separators, including empty ones.
    public func split(separator: UInt8) -> [ByteString] {
        bytes.split(separator: separator, omittingEmptySubsequences: false).map { ByteString($0) }
    }

    /// The parts before and after the first separator; nil if there is none.
    public func splitOnce(separator: UInt8) -> (ByteString, ByteString)? {
        guard let place = bytes.firstIndex(of: separator) else { return nil }
        return (ByteString(bytes[..<place]), ByteString(bytes[(place + 1)...]))
    }

    /// The text without its first `count` bytes.
    public func dropFirst(_ count: Int) -> ByteString { ByteString(bytes.dropFirst(count)) }

    /// The number that the text is in decimal: digits, with an optional "-" before them. nil for other texts, and for a number
    /// that the type can't hold.
    public func decimal<Number: FixedWidthInteger>(as: Number.Type = Number.self) -> Number? {
        bytes.withUnsafeBufferPointer { Number(decimal: $0) }
    }

    /// The text for messages to people, and for nothing else: bytes that aren't UTF-8 become U+FFFD. It's never inlined,
    /// because a hundred messages use it.
    @inline(never)
    public var displayText: String { String(decoding: bytes, as: UTF8.self) }

    /// Calls `body` with the bytes as a C string.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        terminated().withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }

    @inline(never)
    private func terminated() -> [CChar] {
        [CChar](unsafeUninitializedCapacity: bytes.count + 1) { room, filled in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(room).copyMemory(from: $0) }
            room[bytes.count] = 0
            filled = bytes.count + 1
        }
    }

    @inline(never)
    public static func + (left: consuming ByteString, right: ByteString) -> ByteString {
        left.bytes.append(contentsOf: right.bytes)
        return left
    }

    /// Compares without making a byte string of the text.
    public static func == (left: ByteString, right: StaticString) -> Bool {
        right.withUTF8Buffer { left.bytes.elementsEqual($0) }
    }

    public static func != (left: ByteString, right: StaticString) -> Bool { !(left == right) }

    /// For `switch` over known names.
    public static func ~= (pattern: StaticString, value: ByteString) -> Bool { value == pattern }
}

extension ByteString: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) {
        self.init(text.withUTF8Buffer { Array($0) })
    }
}

extension ByteString: Comparable {
    public static func < (left: ByteString, right: ByteString) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
