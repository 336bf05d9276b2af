import Bytes
import Errors

/// A command: its part of the command line, its texts for the help and the manual, and its action.
struct Command: Sendable {
    enum Operand: Sendable {
        case required(StaticString)
        case optional(StaticString)
        /// Any number of operands, the last ones.
        case several(StaticString)

        var name: StaticString {
            switch self {
            case .required(let name), .optional(let name), .several(let name): name
            }
        }

        var isRequired: Bool {
            switch self {
            case .required: true
            case .optional, .several: false
            }
        }

        fileprivate var isUnlimited: Bool { if case .several = self { true } else { false } }
    }

    let name: StaticString
    /// A short text for the list of commands.
    let summary: StaticString
    var operands: [Operand] = []
    var rule = Parser.OperandRule.none
    var options: [Option] = []
    /// Paragraphs, separated by empty lines. Other line breaks don't matter, because the help fills the lines again.
    let description: StaticString
    /// Lines as the user types them.
    let example: StaticString
    /// The exit statuses and their meanings.
    var exitStatus: [(String, StaticString)] = [("0", "done"), ("1", "it failed; stderr and the log file say why")]
    /// The beginning of the error message in the log, as in runc.
    var errorPrefix: StaticString = ""
    /// The exit status if the command throws an error.
    var statusOfErrors: Int32 = 1
    /// Does the work and returns the exit status.
    let action: @Sendable (Invocation) throws(RuntimeError) -> Int32

    /// All commands, in the order of the help.
    static var all: [Command] {
        [
            Create.command, Start.command, Run.command, Exec.command, State.command, Kill.command, Delete.command, List.command,
            Ps.command, Pause.command, Resume.command, Checkpoint.command, Restore.command, Update.command, Events.command,
            Spec.command, Check.command, SeccompExplain.command, Features.command, Help.command,
        ]
    }

    /// Finds a command by its name. The error for an unknown name suggests the nearest one.
    static func named(_ name: ByteString) throws(RuntimeError) -> Command {
        // runc accepts this letter for "help".
        let name: ByteString = name == "h" ? "help" : name
        if let command = find(name) { return command }
        let near = name.nearest(among: all.map { $0.name })
        throw RuntimeError(
            .usage, "unknown command \"" + name.displayText + "\"",
            hint: near.map { "did you mean " + $0.description + "?" } ?? "\"wherry help\" lists the commands")
    }

    /// Finds a command by its name. `all` isn't used, because it copies every command: that would be a twentieth of the work of
    /// `state`.
    private static func find(_ name: ByteString) -> Command? {
        switch name {
        case "create": Create.command
        case "start": Start.command
        case "run": Run.command
        case "exec": Exec.command
        case "state": State.command
        case "kill": Kill.command
        case "delete": Delete.command
        case "list": List.command
        case "ps": Ps.command
        case "pause": Pause.command
        case "resume": Resume.command
        case "checkpoint": Checkpoint.command
        case "restore": Restore.command
        case "update": Update.command
        case "events": Events.command
        case "spec": Spec.command
        case "check": Check.command
        case "seccomp": SeccompExplain.command
        case "features": Features.command
        case "help": Help.command
        default: nil
        }
    }

    /// Parses the command's part of the command line. If the user asks for help, operands may be missing.
    func parse(_ tokens: ArraySlice<ByteString>) throws(RuntimeError) -> Arguments {
        let arguments: Arguments
        do throws(RuntimeError) {
            arguments = try Parser(options: options + [.help], rule: rule, globalOptions: GlobalOptions.table).parse(tokens)
        } catch {
            throw error.hint == nil ? withHint(error) : error
        }
        if !arguments.isOn(.help) { try check(arguments.operands) }
        return arguments
    }

    private func check(_ given: [ByteString]) throws(RuntimeError) {
        if given.count < operands.count, operands[given.count].isRequired {
            throw withHint(RuntimeError(.usage, operands[given.count].name.description + " is missing"))
        }
        if given.count > operands.count, rule != .endOptions, operands.last?.isUnlimited != true {
            throw withHint(RuntimeError(.usage, "\"" + given[operands.count].displayText + "\" is one argument too many"))
        }
    }

    private func withHint(_ error: RuntimeError) -> RuntimeError {
        RuntimeError(error.code, error.sentence, hint: "usage: " + usage + "; see wherry help " + name.description)
    }

    /// The synopsis, such as "wherry kill [OPTIONS] ID [SIGNAL]".
    var usage: String {
        var text = "wherry " + name.description + (options.isEmpty ? "" : " [OPTIONS]")
        for operand in operands {
            text += operand.isRequired ? " " + operand.name.description : " [" + operand.name.description + "]"
        }
        return text
    }
}
