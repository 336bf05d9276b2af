/// Text as the kernel sees it: bytes without NUL, in no particular encoding.
///
/// Paths, arguments, environment, keys and ids are byte strings, never `String`: `String` compares by canonical equivalence
/// ("é" in one code point equals "e" with an accent), splits by grapheme (a combining mark swallows the "/" before it) and
/// repairs what isn't UTF-8. A check would then examine another text than the one that the kernel gets.
public struct ByteString: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public init(_ bytes: ArraySlice<UInt8>) { self = bytes.withUnsafeBufferPointer { ByteString(copying: $0) } }

    /// Copies the bytes.
    @inline(never)
    public init(copying bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = [UInt8](unsafeUninitializedCapacity: bytes.count) { room, filled in
            UnsafeMutableRawBufferPointer(room).copyMemory(from: UnsafeRawBufferPointer(bytes))
            filled = bytes.count
        }
    }

    public init(_ text: String) { self.bytes = Array(text.utf8) }

    /// Copies a C string.
    public init(cString: UnsafePointer<CChar>) {
        var length = 0
        while cString[length] != 0 { length += 1 }
        self = cString.withMemoryRebound(to: UInt8.self, capacity: length) {
            ByteString(copying: UnsafeBufferPointer(start: $0, count: length))
        }
    }

    /// Writes a number in decimal.
    public init(decimal number: some BinaryInteger) { self.init(magnitude: UInt64(number.magnitude), isNegative: number < 0) }

    @inline(never)
    private init(magnitude: UInt64, isNegative: Bool) {
        var length = isNegative ? 2 : 1
        var rest = magnitude
        while rest > 9 {
            rest /= 10
            length += 1
        }
        self.bytes = [UInt8](unsafeUninitializedCapacity: length) { text, filled in
            filled = length
            text[0] = UInt8(ascii: "-")
            var place = length
            rest = magnitude
            repeat {
                place -= 1
                text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
        }
    }

    public var isEmpty: Bool { bytes.isEmpty }

    public var count: Int { bytes.count }

    public func hasPrefix(_ prefix: ByteString) -> Bool {
        prefix.bytes.withUnsafeBufferPointer { prefix in
            bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0.prefix(prefix.count)).equals(prefix) }
        }
    }

    public func hasSuffix(_ suffix: ByteString) -> Bool {
        bytes.count >= suffix.bytes.count && bytes[(bytes.count - suffix.bytes.count)...].elementsEqual(suffix.bytes)
    }

    public func contains(_ byte: UInt8) -> Bool { bytes.contains(byte) }

    /// The parts between separators, including empty ones.
    @inline(never)
    public func split(separator: UInt8) -> [ByteString] {
        bytes.withUnsafeBufferPointer { bytes in
            var parts: [ByteString] = []
            var start = 0
            var index = 0
            while index < bytes.count {
                if bytes[index] == separator {
                    parts.append(ByteString(copying: UnsafeBufferPointer(rebasing: bytes[start..<index])))
                    start = index + 1
                }
                index += 1
            }
            parts.append(ByteString(copying: UnsafeBufferPointer(rebasing: bytes[start...])))
            return parts
        }
    }

    /// The parts before and after the first separator; nil if there is none.
    public func splitOnce(separator: UInt8) -> (ByteString, ByteString)? {
        bytes.withUnsafeBufferPointer { bytes in
            var place = 0
            while place < bytes.count, bytes[place] != separator { place += 1 }
            guard place < bytes.count else { return nil }
            return (
                ByteString(copying: UnsafeBufferPointer(rebasing: bytes[..<place])),
                ByteString(copying: UnsafeBufferPointer(rebasing: bytes[(place + 1)...]))
            )
        }
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
    public static func + (left: ByteString, right: ByteString) -> ByteString {
        ByteString(
            [UInt8](unsafeUninitializedCapacity: left.count + right.count) { room, filled in
                let room = UnsafeMutableRawBufferPointer(room)
                left.bytes.withUnsafeBytes { room.copyMemory(from: $0) }
                right.bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: room[left.count...]).copyMemory(from: $0) }
                filled = left.count + right.count
            })
    }

    // A literal is compared by the function below.
    @_disfavoredOverload
    public static func == (left: ByteString, right: ByteString) -> Bool {
        left.bytes.withUnsafeBufferPointer { left in right.bytes.withUnsafeBufferPointer { left.equals($0) } }
    }

    /// Compares without making a byte string of the text.
    public static func == (left: ByteString, right: StaticString) -> Bool {
        left.bytes.withUnsafeBufferPointer { $0.equals(right) }
    }

    public static func != (left: ByteString, right: StaticString) -> Bool { !(left == right) }

    /// For `switch` over known names.
    public static func ~= (pattern: StaticString, value: ByteString) -> Bool { value == pattern }
}

extension ByteString: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) {
        self = text.withUTF8Buffer { ByteString(copying: $0) }
    }
}

extension ByteString: Comparable {
    public static func < (left: ByteString, right: ByteString) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
