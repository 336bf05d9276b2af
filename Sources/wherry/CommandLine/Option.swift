import Bytes

/// An option of the command line. Commands use the same constant to define an option and to read its value, so a misspelt name
/// doesn't compile.
struct Option: Sendable {
    /// The value after the name, in the form `--name VALUE` or `--name=VALUE`. The texts are placeholders for the help.
    enum Value: Sendable {
        /// No value, but `=true` and `=false` are accepted.
        case none
        case text(StaticString)
        /// A number that isn't negative.
        case number(StaticString)
        case oneOf([StaticString])
    }

    /// The name without dashes.
    let name: StaticString
    /// The short name, one letter.
    let short: StaticString?
    let value: Value
    /// A sentence for the help, which mentions the default.
    let summary: StaticString
    /// Whether the help leaves the option out. Such options are accepted only because an engine or its library passes them.
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

    /// Whether `name`, without dashes, is the name or short name of this option.
    func isNamed(_ name: ByteString) -> Bool {
        if name == self.name { return true }
        guard let short else { return false }
        return name == short
    }
}
