import Bytes

/// The content of a file with lines of the form "KEY VALUE", such as cgroup.events, memory.stat and cpu.stat.
struct KeyedValues {
    private(set) var values: [(key: ByteString, value: UInt64)] = []

    /// Parses the text. Lines whose value isn't a number are left out.
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
