import Bytes
import Errors

/// Collects the unknown properties while one document is decoded.
final class DecodingNotes {
    /// The most properties to note. Each takes time to look up, and nobody reads the last of a million.
    private static let most = 64

    /// A stack: the names requested so far for the enclosing objects, followed by those of the current object.
    fileprivate var asked: [StaticString] = []
    /// JSON pointers of the properties that no decoder requested, with the nearest known name.
    private(set) var unknownProperties: [String] = []

    init() { asked.reserveCapacity(64) }

    fileprivate func noteUnknown(_ member: JSONValue.Member, among known: ArraySlice<StaticString>) {
        guard unknownProperties.count < DecodingNotes.most else { return }
        let pointer = member.value.document.pointer(to: member.node)
        let nearest = member.key.nearest(among: Array(known))
        unknownProperties.append(pointer + (nearest.map { " (did you mean " + $0.description + "?)" } ?? ""))
    }
}

/// Reads one object, property by property. `finish` notes the properties that weren't requested: they are unknown.
///
/// null means the same as an absent property. So does an empty string, if the property is optional: engines written in Go can't
/// tell the two apart.
struct ObjectDecoder {
    let object: JSONValue
    let notes: DecodingNotes
    private let firstAsked: Int
    /// The node of the key to compare first: documents mostly keep the order of the specification.
    private var next: Int
    /// The first node after the object.
    private let end: Int
    private var found = 0

    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        guard value.kind == .object else { throw value.mismatch("an object") }
        object = value
        self.notes = notes
        firstAsked = notes.asked.count
        next = value.node + 1
        end = Int(value.document.nodes[value.node].end)
    }

    /// The value of the member `name`; nil if there is none or if it's null.
    @inline(never)
    mutating func value(_ name: StaticString) -> JSONValue? {
        notes.asked.append(name)
        return member(name, from: next, to: end) ?? member(name, from: object.node + 1, to: next)
    }

    private mutating func member(_ name: StaticString, from first: Int, to last: Int) -> JSONValue? {
        var key = first
        while key < last {
            let following = Int(object.document.nodes[key + 1].end)
            if JSONValue.Member(document: object.document, node: key).isNamed(name) {
                found += 1
                next = following
                let value = JSONValue(document: object.document, node: key + 1)
                return value.kind == .null ? nil : value
            }
            key = following
        }
        return nil
    }

    /// Reads a property that must be there.
    mutating func required(_ name: StaticString) throws(RuntimeError) -> JSONValue {
        guard let value = value(name) else { throw missing(name) }
        return value
    }

    /// The error for a property that isn't there.
    func missing(_ name: StaticString, _ sentence: StaticString = "required property is missing") -> RuntimeError {
        RuntimeError(
            .invalidConfig, sentence.description,
            pointer: object.document.pointer(to: object.node) + "/" + ByteString(stringLiteral: name).escapedForJSONPointer)
    }

    /// Marks properties as known, without reading them.
    mutating func ignore(_ names: StaticString...) { for name in names { _ = value(name) } }

    /// Ends the decoding of this object, and notes its unknown properties.
    func finish() {
        if found < object.count {
            for member in object.members where !isAsked(member) { notes.noteUnknown(member, among: notes.asked[firstAsked...]) }
        }
        notes.asked.removeLast(notes.asked.count - firstAsked)
    }

    private func isAsked(_ member: JSONValue.Member) -> Bool { notes.asked[firstAsked...].contains { member.isNamed($0) } }
}

// Typed values of properties.
extension ObjectDecoder {
    mutating func bool(_ name: StaticString) throws(RuntimeError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let bool = value.bool else { throw value.mismatch("true or false") }
        return bool
    }

    mutating func integer<Number: FixedWidthInteger>(
        _ name: StaticString, in range: ClosedRange<Number> = Number.min...Number.max
    ) throws(RuntimeError) -> Number? {
        guard let value = value(name) else { return nil }
        return try value.integer(in: range)
    }

    mutating func requiredInteger<Number: FixedWidthInteger>(
        _ name: StaticString, in range: ClosedRange<Number> = Number.min...Number.max
    ) throws(RuntimeError) -> Number {
        try required(name).integer(in: range)
    }

    /// Reads a string; nil also stands for an empty one.
    mutating func text(_ name: StaticString) throws(RuntimeError) -> ByteString? {
        guard let value = value(name) else { return nil }
        let text = try value.text()
        return text.isEmpty ? nil : text
    }

    mutating func requiredText(_ name: StaticString) throws(RuntimeError) -> ByteString {
        try required(name).filledText()
    }

    mutating func absolutePath(_ name: StaticString) throws(RuntimeError) -> ByteString? {
        guard let value = value(name), !value.equals("") else { return nil }
        return try value.absolutePath()
    }

    mutating func requiredAbsolutePath(_ name: StaticString) throws(RuntimeError) -> ByteString {
        try required(name).absolutePath()
    }

    mutating func choice<Value>(_ name: StaticString, _ table: NameTable<Value>) throws(RuntimeError) -> Value? {
        guard let value = value(name), !value.equals("") else { return nil }
        return try table[value]
    }

    mutating func requiredChoice<Value>(_ name: StaticString, _ table: NameTable<Value>) throws(RuntimeError) -> Value {
        try table[required(name)]
    }

    /// Not inlined, so that the many lists of strings share one copy of the code.
    @inline(never)
    mutating func texts(_ name: StaticString) throws(RuntimeError) -> [ByteString] {
        try list(name) { (value, _) throws(RuntimeError) in try value.text() }
    }

    /// Reads an array. An absent one is empty.
    @inline(never)
    mutating func list<Element>(
        _ name: StaticString, _ decode: (JSONValue, DecodingNotes) throws(RuntimeError) -> Element
    ) throws(RuntimeError) -> [Element] {
        try optionalList(name, decode) ?? []
    }

    mutating func optionalList<Element>(
        _ name: StaticString, _ decode: (JSONValue, DecodingNotes) throws(RuntimeError) -> Element
    ) throws(RuntimeError) -> [Element]? {
        guard let value = try container(name, .array, "an array") else { return nil }
        var list: [Element] = []
        list.reserveCapacity(value.count)
        for element in value.elements { list.append(try decode(element, notes)) }
        return list
    }

    /// Reads an object whose keys the specification doesn't define, in the document's order. An absent object is empty.
    mutating func map<Element>(
        _ name: StaticString, _ decode: (JSONValue.Member, DecodingNotes) throws(RuntimeError) -> Element
    ) throws(RuntimeError) -> [Element] {
        guard let value = try container(name, .object, "an object") else { return [] }
        var list: [Element] = []
        list.reserveCapacity(value.count)
        for member in value.members { list.append(try decode(member, notes)) }
        return list
    }

    @inline(never)
    private mutating func container(_ name: StaticString, _ kind: JSONValue.Kind, _ expected: StaticString) throws(RuntimeError)
        -> JSONValue?
    {
        guard let value = value(name) else { return nil }
        guard value.kind == kind else { throw value.mismatch(expected) }
        return value
    }

    /// Reads an object with its own decoder; nil if it's absent.
    mutating func nested<Value>(
        _ name: StaticString, _ decode: (JSONValue, DecodingNotes) throws(RuntimeError) -> Value
    ) throws(RuntimeError) -> Value? {
        guard let value = value(name) else { return nil }
        return try decode(value, notes)
    }
}

extension JSONValue {
    /// The value as a string, which may be empty.
    func text() throws(RuntimeError) -> ByteString {
        guard let text = string else { throw mismatch("a string") }
        return text
    }

    /// The value as a string that isn't empty.
    func filledText() throws(RuntimeError) -> ByteString {
        let text = try text()
        guard !text.isEmpty else { throw error("must not be empty") }
        return text
    }

    /// The value as a path that begins with "/".
    func absolutePath() throws(RuntimeError) -> ByteString {
        let path = try filledText()
        guard path.bytes.first == UInt8(ascii: "/") else { throw error(quoted(path) + " must be an absolute path") }
        return path
    }

    /// The value as an integer within a range.
    @inline(never)
    func integer<Number: FixedWidthInteger>(in range: ClosedRange<Number>) throws(RuntimeError) -> Number {
        guard kind == .number else { throw mismatch("an integer") }
        guard let number = integer(as: Number.self), range.contains(number) else {
            throw outside(decimal(range.lowerBound), decimal(range.upperBound))
        }
        return number
    }
    @inline(never)
    private func outside(_ first: String, _ last: String) -> RuntimeError {
        error("expected an integer from " + first + " to " + last + ", found " + description)
    }
}
