import Bytes

/// A file of /proc with a field on each line: /proc/PID/status, proc(5).
struct ProcessStatus {
    private let lines: [ArraySlice<UInt8>]

    init(_ text: [UInt8]) { lines = text.split(separator: UInt8(ascii: "\n")) }

    private func words(_ field: StaticString) -> [ArraySlice<UInt8>]? {
        let name = field.withUTF8Buffer { Array($0) }
        guard let line = lines.first(where: { $0.starts(with: name) }) else { return nil }
        return line.dropFirst(name.count).split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
    }

    /// The numbers of a field, such as "Uid:": nil if the field is missing or holds anything but numbers.
    func numbers(_ field: StaticString) -> [UInt32]? {
        guard let words = words(field) else { return nil }
        let numbers = words.compactMap { ByteString($0).decimal(as: UInt32.self) }
        return numbers.count == words.count ? numbers : nil
    }

    /// The hexadecimal number of a field, such as "CapEff:": nil if the field is missing or holds something else.
    func hexadecimal(_ field: StaticString) -> UInt64? { words(field)?.first.flatMap { ByteString($0).hexadecimal } }
}
