import Bytes

/// Rows of text in columns, as runc aligns them: three spaces between, twelve places at least for each column but the last.
struct Table {
    private static let gap = 3
    private static let minimumWidth = 12

    private var rows: [[[UInt8]]] = []

    init(_ titles: [ByteString]) { add(titles) }

    /// What a terminal would obey is written out: paths may hold anything.
    mutating func add(_ row: [ByteString]) {
        rows.append(
            row.map { cell in
                var shown: [UInt8] = []
                shown.append(cell.displayText, escaping: .terminal, limit: .max)
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

    /// Characters, counted by the bytes that begin one.
    private static func places(_ cell: [UInt8]) -> Int { cell.count { $0 & 0xC0 != 0x80 } }
}
