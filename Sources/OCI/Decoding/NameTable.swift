import Bytes
import Errors

/// The names that the specification defines for one kind of value, and the values.
struct NameTable<Value: Sendable>: Sendable {
    /// The kind of value as messages call it, such as "namespace type".
    let what: StaticString
    let entries: [(StaticString, Value)]

    var names: [StaticString] { entries.map { $0.0 } }

    subscript(name: JSONValue) -> Value {
        get throws(RuntimeError) {
            guard name.kind == .string else { throw name.mismatch("a string") }
            for (known, value) in entries where name.equals(known) { return value }
            throw name.unknown(what, known: names)
        }
    }
}

extension JSONValue {
    @inline(never)
    fileprivate func unknown(_ what: StaticString, known names: [StaticString]) -> RuntimeError {
        var list = ""
        for name in names { list += (list.isEmpty ? "" : ", ") + name.description }
        let found = string ?? ""
        return error(
            quoted(found) + " is no " + what.description + "; known are " + list,
            hint: found.nearest(among: names).map { "did you mean \"" + $0.description + "\"?" })
    }
}

extension JSONValue {
    @inline(never)
    func equals(_ text: StaticString) -> Bool { Member(document: document, node: node).isNamed(text) }
}
