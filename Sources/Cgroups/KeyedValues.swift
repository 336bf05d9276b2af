import Bytes

/// A file of lines "KEY VALUE", as cgroup.events, memory.stat and cpu.stat are.
struct KeyedValues {
    private(set) var values: [(key: ByteString, value: UInt64)] = []

    /// Lines whose value isn't a number are left out.
    init(_ text: ByteString) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let (key, number) = line.splitOnce(separator: UInt8(ascii: " ")), let value = number.decimal(as: UInt64.self)
            else {
                continue
            }
            values.append((key, value))
        }
    }

    subscript(key: StaticString) -> UInt64? {
        for entry in values where entry.key == key { return entry.value }
        return nil
    }
}
