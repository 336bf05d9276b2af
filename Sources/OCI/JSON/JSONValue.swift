public import Bytes

/// A value of a JSON document. Members keep their order, numbers their text, strings their bytes.
public struct JSONValue: Sendable {
    /// The kind of a value.
    public enum Kind: Sendable { case null, bool, number, string, array, object }

    let document: JSONDocument
    /// The index of the value's node.
    let node: Int

    public var kind: Kind {
        switch document.nodes[node].kind {
        case .null: .null
        case .false, .true: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// A truth value; nil for any other kind.
    public var bool: Bool? {
        switch document.nodes[node].kind {
        case .false: false
        case .true: true
        default: nil
        }
    }

    /// A string, with its escapes decoded; nil for any other kind.
    public var string: ByteString? { document.nodes[node].kind == .string ? document.copy(of: node) : nil }

    /// A number as the text has it, with sign, fraction and exponent; nil for any other kind.
    public var number: ByteString? { document.nodes[node].kind == .number ? document.copy(of: node) : nil }

    /// A number without fraction and exponent; nil for any other value, and for a number out of the type's range.
    public func integer<Number: FixedWidthInteger>(as: Number.Type = Number.self) -> Number? {
        guard document.nodes[node].kind == .number else { return nil }
        return document.withText(of: node) { Number(decimal: $0) }
    }

    /// The number of elements of an array or of members of an object; 0 for any other kind.
    public var count: Int { kind == .array || kind == .object ? Int(document.nodes[node].count) : 0 }

    /// The elements of an array; empty for any other kind.
    public var elements: Elements { Elements(self) }

    /// The members of an object; empty for any other kind.
    public var members: Members { Members(self) }

    /// The value of an object's member `key`; nil if there is none.
    public subscript(key: StaticString) -> JSONValue? {
        for member in members where member.isNamed(key) { return member.value }
        return nil
    }

}

extension JSONValue {
    /// A key and its value.
    public struct Member: Sendable {
        let document: JSONDocument
        /// The index of the key's node. The value's node is the next one.
        let node: Int

        public var key: ByteString { document.copy(of: node) }

        public var value: JSONValue { JSONValue(document: document, node: node + 1) }

        @inline(__always)
        func isNamed(_ name: StaticString) -> Bool {
            guard Int(document.nodes[node].count) == name.utf8CodeUnitCount else { return false }
            return document.withText(of: node) { $0.equals(name) }
        }
    }

    /// The sequence of an array's elements.
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var following: Int
        private let end: Int

        init(_ array: JSONValue) {
            document = array.document
            following = array.node + 1
            end = array.kind == .array ? Int(array.document.nodes[array.node].end) : following
        }

        @inline(never)
        public mutating func next() -> JSONValue? {
            guard following < end else { return nil }
            defer { following = Int(document.nodes[following].end) }
            return JSONValue(document: document, node: following)
        }
    }

    /// The sequence of an object's members.
    public struct Members: Sequence, IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var key: Int
        private let end: Int

        init(_ object: JSONValue) {
            document = object.document
            key = object.node + 1
            end = object.kind == .object ? Int(object.document.nodes[object.node].end) : key
        }

        public mutating func next() -> Member? {
            guard key < end else { return nil }
            defer { key = Int(document.nodes[key + 1].end) }
            return Member(document: document, node: key)
        }
    }
}
