import Bytes
import Errors

/// A command line taken apart: what the options say, and what is left.
struct Arguments {
    private var values: [(option: StaticString, value: ByteString)] = []
    private(set) var operands: [ByteString] = []

    // These hand on the name alone: else each of the many places that ask for an option would put all of it together on its stack.

    /// Of an option without a value.
    @inline(__always)
    func isOn(_ option: Option) -> Bool { isOn(option.name) }

    /// The value that was given last: nil where none was, or an empty one, which engines send for "none".
    @inline(__always)
    func text(_ option: Option) -> ByteString? { text(option.name) }

    /// All values of an option that may stand several times, in their order.
    @inline(__always)
    func texts(_ option: Option) -> [ByteString] { texts(option.name) }

    @inline(__always)
    func number(_ option: Option) -> Int? { last(option.name)?.decimal() }

    mutating func add(_ value: ByteString, to option: Option) { values.append((option.name, value)) }

    mutating func add(operand: ByteString) { operands.append(operand) }

    @inline(never)
    private func isOn(_ name: StaticString) -> Bool { last(name) == true.word }

    @inline(never)
    private func text(_ name: StaticString) -> ByteString? {
        guard let value = last(name), !value.isEmpty else { return nil }
        return value
    }

    @inline(never)
    private func texts(_ name: StaticString) -> [ByteString] { values.filter { isSame($0.option, name) }.map { $0.value } }

    @inline(never)
    private func last(_ name: StaticString) -> ByteString? { values.last { isSame($0.option, name) }?.value }

    private func isSame(_ name: StaticString, _ other: StaticString) -> Bool {
        name.withUTF8Buffer { name in other.withUTF8Buffer { name.elementsEqual($0) } }
    }
}

extension Bool {
    var word: ByteString { self ? "true" : "false" }
}
