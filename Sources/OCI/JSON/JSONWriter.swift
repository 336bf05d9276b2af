public import Bytes

/// Writes JSON with the layout and the escapes of Go's encoding/json, because engines and people compare our output with
/// runc's.
///
///     var json = JSONWriter(.indented(2))
///     json.object {
///         $0.member("id", id)
///         $0.array("hooks") { for hook in hooks { $0.element(hook) } }
///     }
///     write(json.bytes)
///
/// The functions aren't inlined, to keep the program small: hundreds of places write a member, and the program is copied into
/// memory for each container.
public struct JSONWriter: ~Copyable {
    /// The layout of the text.
    public enum Layout: Sendable {
        /// One line without spaces.
        case compact
        /// A line for each member and element, indented by this number of spaces per level.
        case indented(Int)
    }

    /// The text written so far. It doesn't end with a line feed.
    public var bytes: [UInt8] { text.bytes }
    private var text = ByteBuffer(capacity: 1024)
    private let layout: Layout
    private var depth = 0
    /// Whether the next member or element is the first of its array or object, and so has no comma before it.
    private var isFirst = true

    /// Makes a writer without any text.
    public init(_ layout: Layout = .compact) {
        self.layout = layout
    }

    /// Writes an object, as the document itself or as an element.
    @inline(never)
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginElement()
        container("{", "}", members)
    }

    /// Writes an array, as the document itself or as an element.
    @inline(never)
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        beginElement()
        container("[", "]", elements)
    }

    /// Writes a member whose value is an object.
    @inline(never)
    public mutating func object(_ key: StaticString, _ members: (inout JSONWriter) -> Void) {
        beginMember(key)
        container("{", "}", members)
    }

    /// Writes a member whose value is an object.
    @inline(never)
    public mutating func object(named key: ByteString, _ members: (inout JSONWriter) -> Void) {
        beginMember(key)
        container("{", "}", members)
    }

    /// Writes a member whose value is an array.
    @inline(never)
    public mutating func array(_ key: StaticString, _ elements: (inout JSONWriter) -> Void) {
        beginMember(key)
        container("[", "]", elements)
    }

    @inline(never)
    private mutating func container(_ begin: StaticString, _ end: StaticString, _ content: (inout JSONWriter) -> Void) {
        open(begin)
        content(&self)
        close(end)
    }

    @inline(never)
    private mutating func open(_ begin: StaticString) {
        append(begin)
        depth += 1
        isFirst = true
    }

    @inline(never)
    private mutating func close(_ end: StaticString) {
        depth -= 1
        // An empty object or array is closed on the line on which it begins.
        if !isFirst { newLine() }
        isFirst = false
        append(end)
    }

    private mutating func beginElement() {
        guard depth > 0 else { return }
        if !isFirst { text.append(UInt8(ascii: ",")) }
        isFirst = false
        newLine()
    }

    /// The key is one of the program's own, none of which needs an escape.
    @inline(never)
    private mutating func beginMember(_ key: StaticString) {
        beginElement()
        text.append(UInt8(ascii: "\""))
        append(key)
        text.append(UInt8(ascii: "\""))
        colon()
    }

    private mutating func beginMember(_ key: ByteString) {
        beginElement()
        key.bytes.withUnsafeBufferPointer { appendString($0) }
        colon()
    }

    private mutating func colon() {
        text.append(UInt8(ascii: ":"))
        if case .indented = layout { text.append(UInt8(ascii: " ")) }
    }

    private mutating func newLine() {
        guard case .indented(let width) = layout else { return }
        text.append(UInt8(ascii: "\n"))
        for _ in 0..<depth * width { text.append(UInt8(ascii: " ")) }
    }

    @inline(never)
    private mutating func append(_ word: StaticString) { text.append(word) }
}

// Members and elements whose values are neither objects nor arrays, and values that were read.
extension JSONWriter {
    /// Writes a member whose value is a string.
    @inline(never)
    public mutating func member(_ key: StaticString, _ value: ByteString) {
        beginMember(key)
        appendString(value)
    }

    /// Writes a member whose value is a string.
    @inline(never)
    public mutating func member(_ key: StaticString, _ value: String) {
        beginMember(key)
        appendString(value)
    }

    /// Writes a member whose value is a string.
    @inline(never)
    public mutating func member(_ key: StaticString, _ value: StaticString) {
        beginMember(key)
        value.withUTF8Buffer { appendString($0) }
    }

    /// Writes a member whose value is true or false.
    @inline(never)
    public mutating func member(_ key: StaticString, _ value: Bool) {
        beginMember(key)
        append(value ? "true" : "false")
    }

    /// Writes a member whose value is an integer.
    @inline(never)
    public mutating func member(_ key: StaticString, _ value: some BinaryInteger) {
        beginMember(key)
        text.append(ByteString(decimal: value))
    }

    /// Writes a member whose value is a number, given as text. The text must be a JSON number.
    @inline(never)
    public mutating func member(_ key: StaticString, number: ByteString) {
        beginMember(key)
        text.append(number)
    }

    /// Writes a member whose value is null.
    @inline(never)
    public mutating func member(null key: StaticString) {
        beginMember(key)
        append("null")
    }

    /// Writes a member whose value is a string.
    @inline(never)
    public mutating func member(named key: ByteString, _ value: ByteString) {
        beginMember(key)
        appendString(value)
    }

    /// Writes a member whose value is an integer.
    @inline(never)
    public mutating func member(named key: ByteString, _ value: some BinaryInteger) {
        beginMember(key)
        text.append(ByteString(decimal: value))
    }

    /// Writes an element that is a string.
    @inline(never)
    public mutating func element(_ value: ByteString) {
        beginElement()
        appendString(value)
    }

    /// Writes an element that is a string.
    @inline(never)
    public mutating func element(_ value: String) {
        beginElement()
        appendString(value)
    }

    /// Writes an element that is a string.
    @inline(never)
    public mutating func element(_ value: StaticString) {
        beginElement()
        value.withUTF8Buffer { appendString($0) }
    }

    /// Writes an element that is an integer.
    @inline(never)
    public mutating func element(_ value: some BinaryInteger) {
        beginElement()
        text.append(ByteString(decimal: value))
    }

    /// Writes a value that was read, as the document itself or as an element.
    @inline(never)
    public mutating func element(_ value: JSONValue) {
        beginElement()
        append(value)
    }

    @inline(never)
    private mutating func append(_ value: JSONValue) {
        switch value.kind {
        case .null: append("null")
        case .bool: append(value.bool == true ? "true" : "false")
        case .number: text.append(value.number ?? "")
        case .string: appendString(value.string ?? "")
        case .array:
            open("[")
            for element in value.elements { self.element(element) }
            close("]")
        case .object:
            open("{")
            for member in value.members {
                beginMember(member.key)
                append(member.value)
            }
            close("}")
        }
    }

    /// Writes null, as the document itself or as an element.
    public mutating func null() {
        beginElement()
        append("null")
    }
}

// Strings.
extension JSONWriter {
    private mutating func appendString(_ text: ByteString) { text.bytes.withUnsafeBufferPointer { appendString($0) } }

    private mutating func appendString(_ text: String) { Array(text.utf8).withUnsafeBufferPointer { appendString($0) } }

    @inline(never)
    private mutating func appendString(_ string: UnsafeBufferPointer<UInt8>) {
        text.append(UInt8(ascii: "\""))
        // The offset of the first byte that isn't copied yet. The bytes from here to `index` need no escape.
        var plain = 0
        var index = 0
        while true {
            while index < string.count, isPlain(string[index]) { index += 1 }
            guard index < string.count else { break }
            let length = string.characterLength(at: index)
            guard isEscaped(string, at: index, length: length) else {
                index += length ?? 1
                continue
            }
            text.append(UnsafeBufferPointer(rebasing: string[plain..<index]))
            appendEscape(string, at: index, length: length)
            index += length ?? 1
            plain = index
        }
        text.append(UnsafeBufferPointer(rebasing: string[plain...]))
        text.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ string: UnsafeBufferPointer<UInt8>, at index: Int, length: Int?) {
        let byte = string[index]
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case 0x80... where length == nil: append("\\ufffd")
        case 0x80...: append(string[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
        default:
            append("\\u00")
            var digits: [UInt8] = []
            digits.appendHexadecimal(UInt64(byte), digits: 2)
            text.append(ByteString(digits))
        }
    }
}

/// Whether this is an ASCII character that needs no escape.
@inline(__always)
private func isPlain(_ byte: UInt8) -> Bool {
    // A bit for each control character, and for " & < >.
    let escaped: UInt64 = 0x5000_0044_FFFF_FFFF
    return byte < 64 ? escaped >> UInt64(byte) & 1 == 0 : byte < 0x80 && byte != UInt8(ascii: "\\")
}

/// Whether a character that isn't plain needs an escape. `length` is its length, or nil for a byte that isn't UTF-8.
private func isEscaped(_ text: UnsafeBufferPointer<UInt8>, at index: Int, length: Int?) -> Bool {
    switch text[index] {
    case 0..<0x80: true
    // U+2028 and U+2029, which end a line in JavaScript.
    case 0xE2: length == nil || text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8
    default: length == nil
    }
}
