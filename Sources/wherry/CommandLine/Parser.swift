import Bytes
import Errors

/// Parses the command line as runc does: wherry is called by the same programs.
///
/// - Names are exact. Long and short names can have one dash or two (`-no-subreaper`).
/// - A value is the next argument, whatever it looks like (`--cpu-quota -1`), or the text after "=".
/// - An option without a value can be given as `--name=true` and `--name=false`.
/// - If an option is repeated, the last value counts, unless the command asks for all values.
/// - `--` ends the options; `-` alone is an operand.
struct Parser {
    /// The effect of an operand on the arguments after it.
    enum OperandRule: Sendable {
        /// Options may follow operands: `create ID --bundle DIR`.
        case none
        /// The first operand ends the options, because the rest is the command line of another program.
        case endOptions
        /// After an operand, an argument that looks like an option but isn't a known one is an operand: `kill ID -9`.
        case takeUnknownOptions
    }

    let options: [Option]
    let rule: OperandRule
    /// Options that belong before the command. The error for such an option says so.
    var globalOptions: [Option] = []

    func parse(_ tokens: ArraySlice<ByteString>) throws(RuntimeError) -> Arguments {
        var arguments = Arguments()
        var rest = tokens
        var optionsEnded = false
        while let token = rest.popFirst() {
            if optionsEnded || !looksLikeOption(token) {
                arguments.add(operand: token)
                if rule == .endOptions { optionsEnded = true }
            } else if token == "--" {
                optionsEnded = true
            } else if let (option, value) = find(token) {
                arguments.add(try self.value(of: option, value, as: token, &rest), to: option)
            } else if rule == .takeUnknownOptions, !arguments.operands.isEmpty {
                arguments.add(operand: token)
            } else {
                throw unknown(token)
            }
        }
        return arguments
    }

    private func looksLikeOption(_ token: ByteString) -> Bool { token.count > 1 && token.bytes[0] == UInt8(ascii: "-") }

    /// The option that the argument names, and the text after its "=".
    private func find(_ token: ByteString) -> (Option, ByteString?)? {
        let name = Parser.withoutDashes(token)
        let (key, value): (ByteString, ByteString?) = name.splitOnce(separator: UInt8(ascii: "=")) ?? (name, nil)
        guard let option = options.first(where: { $0.isNamed(key) }) else { return nil }
        return (option, value)
    }

    static func withoutDashes(_ token: ByteString) -> ByteString { token.dropFirst(token.hasPrefix("--") ? 2 : 1) }

    private func value(
        of option: Option, _ attached: ByteString?, as token: ByteString, _ rest: inout ArraySlice<ByteString>
    ) throws(RuntimeError) -> ByteString {
        if case .none = option.value {
            guard let attached else { return true.word }
            guard let isOn = Parser.truth(of: attached) else { throw .takes("nothing, true or false", option, attached) }
            return isOn.word
        }
        guard let value = attached ?? rest.popFirst() else {
            throw RuntimeError(.usage, "option \"--" + option.name.description + "\" needs a value")
        }
        switch option.value {
        case .none, .text: break
        case .number:
            guard value.bytes.first != UInt8(ascii: "-"), value.decimal(as: Int32.self) != nil else {
                throw .takes("a number from 0 on", option, value)
            }
        case .oneOf(let words):
            guard words.contains(where: { value == $0 }) else { throw .takes(Parser.list(words), option, value) }
        }
        return value
    }

    /// Reads a truth value in the spellings that Go accepts, because engines are written in Go.
    private static func truth(of word: ByteString) -> Bool? {
        switch word {
        case "true", "True", "TRUE", "t", "T", "1": true
        case "false", "False", "FALSE", "f", "F", "0": false
        default: nil
        }
    }

    private static func list(_ words: [StaticString]) -> String {
        var text = ""
        for word in words { text += (text.isEmpty ? "" : " or ") + word.description }
        return text
    }

    private func unknown(_ token: ByteString) -> RuntimeError {
        let name = Parser.withoutDashes(token).split(separator: UInt8(ascii: "="))[0]
        if globalOptions.contains(where: { $0.isNamed(name) }) {
            return RuntimeError(
                .usage, "\"" + token.displayText + "\" is a global option", hint: "global options stand before the command")
        }
        let near = name.nearest(among: options.filter { !$0.isHidden }.map { $0.name })
        return RuntimeError(
            .usage, "unknown option \"" + token.displayText + "\"", hint: near.map { "did you mean --" + $0.description + "?" })
    }
}

extension RuntimeError {
    /// The error for a value that isn't allowed. `allowed` names the allowed values.
    static func takes(_ allowed: String, _ option: Option, _ value: ByteString) -> RuntimeError {
        RuntimeError(
            .usage, "option \"--" + option.name.description + "\" takes " + allowed + ", not \"" + value.displayText + "\"")
    }
}
