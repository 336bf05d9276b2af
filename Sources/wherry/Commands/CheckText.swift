import Bytes
import Lifecycle

/// The report of `check` for people, on a terminal of 80 columns.
struct CheckText {
    private(set) var text: [UInt8] = []
    private let isColored: Bool

    /// The widest that a column may be, unless it's the last one.
    private static let widest = 30

    init(_ report: CheckReport, isColored: Bool) {
        self.isColored = isColored
        for section in report.plan { add(section) }
        if !report.findings.isEmpty {
            add(heading: "findings")
            for finding in report.findings { add(finding) }
        }
        if !text.isEmpty { text.append("\n") }
        add(report)
    }

    private mutating func add(heading: StaticString) {
        if !text.isEmpty { text.append("\n") }
        paint(.bold) { $0.append(heading) }
        text.append("\n")
    }

    private mutating func add(_ section: PlanSection) {
        add(heading: section.name)
        let rows = section.rows.map { row in
            row.map { text in
                var shown: [UInt8] = []
                shown.append(text, escaping: .terminal)
                return ByteString(shown)
            }
        }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() where cell.count <= CheckText.widest {
                if column == widths.count { widths.append(0) }
                if column < widths.count { widths[column] = max(widths[column], cell.count) }
            }
        }
        for row in rows { add(row, widths) }
    }

    private mutating func add(_ row: [ByteString], _ widths: [Int]) {
        var line: [UInt8] = Array("  ".utf8)
        var row = row
        while row.last?.isEmpty == true { row.removeLast() }
        for (column, cell) in row.dropLast().enumerated() {
            line += cell.bytes
            let width = column < widths.count ? widths[column] : 0
            line.append(contentsOf: [UInt8](repeating: UInt8(ascii: " "), count: max(width - cell.count, 0) + 2))
        }
        text += line
        // A long list may break behind each comma.
        var last = row.last ?? ""
        if line.count + last.count > 80 { last = last.split(separator: UInt8(ascii: ",")).joined(", ") }
        text.fill(last, from: line.count, indent: min(line.count, 40))
    }

    private mutating func add(_ finding: Finding) {
        let column = 11
        paint(Color(finding.kind)) {
            $0.append("  "); $0.append(finding.kind.name)
        }
        var words: [UInt8] = []
        words.append(ByteString(finding.message), escaping: .terminal)
        text.fill(ByteString(words), from: 2 + finding.kind.name.utf8CodeUnitCount, indent: column)
        guard let hint = finding.hint else { return }
        words = []
        words.append("hint: " + ByteString(hint), escaping: .terminal)
        text.fill(ByteString(words), from: 0, indent: column)
    }

    private mutating func add(_ report: CheckReport) {
        let errors = report.findings.count { $0.kind == .error }
        let number = ByteString(decimal: errors) + (errors == 1 ? " error" : " errors")
        let verdict: ByteString
        switch report.verdict {
        case .runs: verdict = "create would make the container"
        case .doesNotRunHere: verdict = "create would fail here: " + number
        case .isInvalid: verdict = "config.json is invalid: " + number
        }
        text.append(report.bundle, escaping: .terminal)
        text.append(": ")
        paint(errors == 0 ? .green : .red) { $0 += verdict.bytes }
        text.append("\n")
    }

    // MARK: Colors

    private enum Color {
        case bold, red, green, yellow, cyan, dim

        init(_ kind: Finding.Kind) {
            switch kind {
            case .error: self = .red
            case .warning: self = .yellow
            case .advice: self = .cyan
            case .note: self = .dim
            }
        }

        /// Select Graphic Rendition: ECMA-48, 8.3.117.
        var code: StaticString {
            switch self {
            case .bold: "1"
            case .red: "31"
            case .green: "32"
            case .yellow: "33"
            case .cyan: "36"
            case .dim: "2"
            }
        }
    }

    private mutating func paint(_ color: Color, _ write: (inout [UInt8]) -> Void) {
        guard isColored else { return write(&text) }
        text.append("\u{1B}[")
        text.append(color.code)
        text.append("m")
        write(&text)
        text.append("\u{1B}[0m")
    }
}
