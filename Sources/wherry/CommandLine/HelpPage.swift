import Bytes

/// The help, made from the tables of options and commands, for a terminal of 80 columns.
struct HelpPage {
    /// The column in which the sentences about options begin.
    private static let column = 29

    private(set) var text: [UInt8] = []

    mutating func usage(_ line: String) {
        text.append("Usage: ")
        text += line.utf8
        text.append("\n")
    }

    mutating func heading(_ title: StaticString) {
        text.append("\n")
        text.append(title)
        text.append(":\n")
    }

    /// Adds paragraphs, with new line breaks.
    mutating func prose(_ paragraphs: StaticString) {
        var paragraph: ByteString = ""
        for line in HelpPage.lines(paragraphs) + [""] {
            paragraph = paragraph + " " + line
            guard line.isEmpty else { continue }
            text.append("\n")
            text.fill(paragraph, from: 0, indent: 0)
            paragraph = ""
        }
    }

    /// Adds lines with their line breaks, indented.
    mutating func verbatim(_ lines: StaticString) {
        for line in HelpPage.lines(lines) {
            if !line.isEmpty { text.append("  ") }
            text += line.bytes
            text.append("\n")
        }
    }

    /// Adds a term and its sentence, side by side.
    mutating func entry(_ term: String, _ sentence: StaticString, column: Int = HelpPage.column) {
        text.append("  ")
        text += term.utf8
        var reached = 2 + term.utf8.count
        if reached > column - 2 {
            text.append("\n")
            reached = 0
        }
        text.fill(ByteString(sentence.withUTF8Buffer { Array($0) }), from: reached, indent: column)
    }

    mutating func options(_ options: [Option]) {
        for option in options where !option.isHidden { entry(option.synopsis, option.summary) }
    }

    private static func lines(_ text: StaticString) -> [ByteString] {
        ByteString(stringLiteral: text).split(separator: UInt8(ascii: "\n"))
    }
}

extension Option {
    /// The option as the help shows it, such as "-b, --bundle DIR".
    fileprivate var synopsis: String {
        let begin = short.map { "-" + $0.description + ", --" } ?? "    --"
        switch value {
        case .none: return begin + name.description
        case .text(let value), .number(let value): return begin + name.description + " " + value.description
        case .oneOf(let words):
            var text = begin + name.description
            for (place, word) in words.enumerated() { text += (place == 0 ? " " : "|") + word.description }
            return text
        }
    }
}

extension Command {
    var help: [UInt8] {
        var page = HelpPage()
        page.usage(usage)
        page.prose(description)
        page.heading("Options")
        page.options(options + [.help])
        page.heading("Example")
        page.verbatim(example)
        page.heading("Exit status")
        for (status, meaning) in exitStatus { page.entry(status, meaning, column: 12) }
        return page.text
    }
}
