import Bytes

/// An option as the table has it. Commands ask for its value by the same constant: a misspelt name doesn't compile.
struct Option: Sendable {
    /// What follows the name: `--name VALUE` or `--name=VALUE`. The texts stand for the value in the help.
    enum Value: Sendable {
        /// Nothing; `=true` and `=false` are taken.
        case none
        case text(StaticString)
        /// A number from 0 on.
        case number(StaticString)
        case oneOf([StaticString])
    }

    /// Without dashes.
    let name: StaticString
    /// One letter.
    let short: StaticString?
    let value: Value
    /// A sentence for the help, with the default in it.
    let summary: StaticString
    /// Taken because some engine sends it; nobody needs to know.
    let isHidden: Bool

    init(
        _ name: StaticString, short: StaticString? = nil, value: Value = .none, _ summary: StaticString, isHidden: Bool = false
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.summary = summary
        self.isHidden = isHidden
    }

    static let help = Option("help", short: "h", "show this help")

    /// Whether `name`, taken from the command line without its dashes, means this option.
    func isNamed(_ name: ByteString) -> Bool {
        if name == self.name { return true }
        guard let short else { return false }
        return name == short
    }
}
