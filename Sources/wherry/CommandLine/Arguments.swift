import Bytes
import Errors

/// A command line taken apart: what the options say, and what is left.
struct Arguments {
    private var values: [(option: StaticString, value: ByteString)] = []
    private(set) var operands: [ByteString] = []

    /// Of an option without a value.
    func isOn(_ option: Option) -> Bool { last(option) == true.word }

    /// The value that was given last: nil where none was, or an empty one, which engines send for "none".
    func text(_ option: Option) -> ByteString? {
        guard let value = last(option), !value.isEmpty else { return nil }
        return value
    }

    /// All values of an option that may stand several times, in their order.
    func texts(_ option: Option) -> [ByteString] { values.filter { isSame($0.option, option.name) }.map { $0.value } }

    func number(_ option: Option) -> Int? { last(option)?.decimal() }

    mutating func add(_ value: ByteString, to option: Option) { values.append((option.name, value)) }

    mutating func add(operand: ByteString) { operands.append(operand) }

    private func last(_ option: Option) -> ByteString? { values.last { isSame($0.option, option.name) }?.value }

    private func isSame(_ name: StaticString, _ other: StaticString) -> Bool {
        name.withUTF8Buffer { name in other.withUTF8Buffer { name.elementsEqual($0) } }
    }
}

extension Bool {
    var word: ByteString { self ? "true" : "false" }
}
