/// A JSON value whose members tests read and change by name: `config.process.user.uid = 1000`. A missing member reads as
/// `.null`, and setting `.null` removes a member.
@dynamicMemberLookup
enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSON])
    case object([String: JSON])
    /// Written as it is: numbers beyond Int, a literal null, and text that isn't JSON.
    case raw(String)

    subscript(dynamicMember name: String) -> JSON {
        get { self[name] }
        set { self[name] = newValue }
    }

    subscript(name: String) -> JSON {
        get {
            guard case .object(let members) = self else { return .null }
            return members[name] ?? .null
        }
        set {
            var members: [String: JSON] = [:]
            if case .object(let present) = self { members = present }
            members[name] = newValue == .null ? nil : newValue
            self = .object(members)
        }
    }

    subscript(index: Int) -> JSON {
        get { elements.indices.contains(index) ? elements[index] : .null }
        set {
            var changed = elements
            changed[index] = newValue
            self = .array(changed)
        }
    }

    /// The value at a JSON pointer (RFC 6901) without escapes. Setting creates the missing objects on the way, and appends to
    /// an array if the index equals its length.
    subscript(at pointer: String) -> JSON {
        get { pointer.split(separator: "/").reduce(self) { value, name in Int(name).map { value[$0] } ?? value[String(name)] } }
        set { set(newValue, at: pointer.split(separator: "/").map(String.init)[...]) }
    }

    private mutating func set(_ value: JSON, at path: ArraySlice<String>) {
        guard let first = path.first else {
            self = value
            return
        }
        if case .array(var elements) = self, let index = Int(first) {
            if index == elements.count { elements.append(.null) }
            elements[index].set(value, at: path.dropFirst())
            self = .array(elements)
        } else {
            self[first].set(value, at: path.dropFirst())
        }
    }

    var elements: [JSON] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    var memberNames: Set<String> {
        guard case .object(let members) = self else { return [] }
        return Set(members.keys)
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    /// Appends to an array. A value that isn't an array is replaced by a new one.
    mutating func append(_ values: JSON...) {
        self = .array(elements + values)
    }

    mutating func remove(where unwanted: (JSON) -> Bool) {
        self = .array(elements.filter { !unwanted($0) })
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral members: (String, JSON)...) { self = .object(Dictionary(members) { _, last in last }) }

    init(_ strings: [String]) { self = .array(strings.map(JSON.string)) }
}

extension JSON: CustomStringConvertible {
    /// The value as JSON text, members in the order of their names.
    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): String(value)
        case .string(let value): Self.quoted(value)
        case .array(let elements): "[" + elements.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + $0.value.description }.joined(
                    separator: ",")
                + "}"
        case .raw(let text): text
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
