import Bytes
import Errors

/// The names that the specification has for some kind of value.
struct NameTable<Value: Sendable>: Sendable {
    /// What the names stand for, for messages: "namespace type".
    let what: StaticString
    let entries: [(StaticString, Value)]

    var names: [StaticString] { entries.map { $0.0 } }

    subscript(name: JSONValue) -> Value {
        get throws(RuntimeError) {
            guard name.kind == .string else { throw name.mismatch("a string") }
            for (known, value) in entries where name.equals(known) { return value }
            throw error(at: name)
        }
    }

    private func error(at value: JSONValue) -> RuntimeError {
        var list = ""
        for name in names { list += (list.isEmpty ? "" : ", ") + name.description }
        let found = value.string ?? ""
        return value.error(
            "\(quoted(found)) is no \(what.description); known are \(list)",
            hint: found.nearest(among: names).map { "did you mean \"\($0.description)\"?" })
    }
}

extension JSONValue {
    @inline(__always)
    func equals(_ text: StaticString) -> Bool { Member(document: document, node: node).isNamed(text) }
}
