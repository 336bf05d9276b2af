import Bytes
import Errors

/// A parsed command line: the values of its options, and its operands.
struct Arguments {
    private var values: [(option: StaticString, value: ByteString)] = []
    private(set) var operands: [ByteString] = []

    // These functions are inlined and pass on only the option's name. Otherwise each of their many callers would copy the whole
    // option to its stack.

    /// Whether an option without a value is given, and not as `=false`.
    @inline(__always)
    func isOn(_ option: Option) -> Bool { isOn(option.name) }

    /// The last value of an option. It's nil if the option isn't given or the value is empty: engines send an empty one for
    /// "none".
    @inline(__always)
    func text(_ option: Option) -> ByteString? { text(option.name) }

    /// All values of an option that can be repeated, in their order.
    @inline(__always)
    func texts(_ option: Option) -> [ByteString] { texts(option.name) }

    /// The last value of an option that has a number; nil if it isn't given.
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
