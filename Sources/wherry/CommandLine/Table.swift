import Bytes

/// Rows of text in columns, aligned as in runc: at least three spaces between columns, and at least twelve characters for each
/// column except the last.
struct Table {
    private static let gap = 3
    private static let minimumWidth = 12

    private var rows: [[[UInt8]]] = []

    init(_ titles: [ByteString]) { add(titles) }

    /// Adds a row. Control characters are escaped, because paths may contain sequences that a terminal would execute.
    mutating func add(_ row: [ByteString]) {
        rows.append(
            row.map { cell in
                var shown: [UInt8] = []
                shown.append(cell, escaping: .terminal)
                return shown
            })
    }

    var text: [UInt8] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(Table.minimumWidth) }
                widths[column] = max(widths[column], Table.places(cell) + Table.gap)
            }
        }
        var text: [UInt8] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                text += cell
                guard column + 1 < row.count else { break }
                text.append(contentsOf: [UInt8](repeating: UInt8(ascii: " "), count: widths[column] - Table.places(cell)))
            }
            text.append("\n")
        }
        return text
    }

    /// The number of characters: the bytes that begin a character in UTF-8.
    private static func places(_ cell: [UInt8]) -> Int { cell.count { $0 & 0xC0 != 0x80 } }
}
