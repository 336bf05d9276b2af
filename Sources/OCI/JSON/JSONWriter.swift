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
public struct JSONWriter: Sendable {
    /// The layout of the text.
    public enum Layout: Sendable {
        /// One line without spaces.
        case compact
        /// A line for each member and element, indented by this number of spaces per level.
        case indented(Int)
    }

    /// The text written so far. It doesn't end with a line feed.
    public private(set) var bytes: [UInt8] = []
    private let layout: Layout
    private var depth = 0
    /// Whether the next member or element is the first of its array or object, and so has no comma before it.
    private var isFirst = true

    /// Makes a writer without any text.
    public init(_ layout: Layout = .compact) {
        self.layout = layout
        bytes.reserveCapacity(1024)
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
        if !isFirst { append(",") }
        isFirst = false
        newLine()
    }

    private mutating func beginMember(_ key: StaticString) {
        beginElement()
        key.withUTF8Buffer { appendString($0) }
        colon()
    }

    private mutating func beginMember(_ key: ByteString) {
        beginElement()
        key.bytes.withUnsafeBufferPointer { appendString($0) }
        colon()
    }

    private mutating func colon() {
        append(":")
        if case .indented = layout { append(" ") }
    }

    private mutating func newLine() {
        guard case .indented(let width) = layout else { return }
        append("\n")
        for _ in 0..<depth * width { append(" ") }
    }

    @inline(never)
    private mutating func append(_ text: StaticString) { bytes.append(text) }
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
        bytes += ByteString(decimal: value).bytes
    }

    /// Writes a member whose value is a number, given as text. The text must be a JSON number.
    @inline(never)
    public mutating func member(_ key: StaticString, number: ByteString) {
        beginMember(key)
        bytes += number.bytes
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
        bytes += ByteString(decimal: value).bytes
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
        bytes += ByteString(decimal: value).bytes
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
        case .number: bytes += value.number?.bytes ?? []
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

    private mutating func appendString(_ text: UnsafeBufferPointer<UInt8>) {
        append("\"")
        // The offset of the first byte that isn't copied yet. The bytes from here to `index` need no escape.
        var plain = 0
        var index = 0
        while index < text.count {
            let length = text[index] < 0x80 ? 1 : text.characterLength(at: index)
            guard isEscaped(text, at: index, length: length) else {
                index += length ?? 1
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plain..<index]))
            appendEscape(text, at: index, length: length)
            index += length ?? 1
            plain = index
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plain...]))
        append("\"")
    }

    /// Whether the character at `index` needs an escape. `length` is its length, or nil for a byte that isn't UTF-8.
    private func isEscaped(_ text: UnsafeBufferPointer<UInt8>, at index: Int, length: Int?) -> Bool {
        switch text[index] {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): true
        // U+2028 and U+2029, which end a line in JavaScript.
        case 0xE2: length == nil || text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8
        default: length == nil
        }
    }

    private mutating func appendEscape(_ text: UnsafeBufferPointer<UInt8>, at index: Int, length: Int?) {
        let byte = text[index]
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case 0x80... where length == nil: append("\\ufffd")
        case 0x80...: append(text[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
        default:
            append("\\u00")
            bytes.appendHexadecimal(UInt64(byte), digits: 2)
        }
    }
}
