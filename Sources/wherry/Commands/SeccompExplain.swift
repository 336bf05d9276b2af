import Bytes
import Errors
import Lifecycle
import Seccomp

enum SeccompExplain {
    static let command = Command(
        name: "seccomp", summary: "say what a bundle's seccomp filter answers to a system call",
        operands: [.required("explain"), .required("CALL"), .several("ARGUMENTS")], rule: .takeUnknownOptions,
        options: [Create.bundle],
        description: """
            Compiles the seccomp profile of config.json as "wherry create" does, and runs the
            filter for one system call. It says what the kernel would answer on each
            architecture of the profile, and which rule decides: the JSON pointer of an entry
            of /linux/seccomp/syscalls, or the default action.

            ARGUMENTS are up to six numbers: decimal, also negative, or hexadecimal with 0x
            before them. Where the answer depends on arguments that aren't given, all rules
            that may decide are listed.
            """,
        example: """
            wherry seccomp explain mount
            wherry seccomp explain --bundle /srv/web clone 0x10000000
            """,
        action: { invocation throws(RuntimeError) in
            guard invocation.operand(0) == "explain" else {
                throw RuntimeError(
                    .usage, "there is no command seccomp \"" + (invocation.operand(0) ?? "").displayText + "\"",
                    hint: "the one there is: wherry seccomp explain CALL")
            }
            var arguments: [UInt64] = []
            for word in invocation.arguments.operands.dropFirst(2) { arguments.append(try number(word)) }
            guard arguments.count <= 6 else { throw RuntimeError(.usage, "a system call has at most six arguments") }
            var text: [UInt8] = []
            for explanation in try explainCall(
                invocation.arguments.text(Create.bundle) ?? ".", invocation.operand(1) ?? "", arguments)
            {
                text += explanation.text
            }
            try printOut(text)
            return 0
        })

    /// Six arguments have 64 bits each; -1 is the highest number.
    private static func number(_ word: ByteString) throws(RuntimeError) -> UInt64 {
        let number: UInt64? =
            word.hasPrefix("0x")
            ? word.dropFirst(2).hexadecimal : word.decimal() ?? word.decimal(as: Int64.self).map { UInt64(bitPattern: $0) }
        guard let number else {
            throw RuntimeError(
                .usage, "\"" + word.displayText + "\" is no argument of a system call", hint: "write a number, such as 16 or 0x10"
            )
        }
        return number
    }
}

extension CallExplanation {
    /// The line for people.
    fileprivate var text: [UInt8] {
        var text = architecture.bytes
        text.append(contentsOf: [UInt8](repeating: UInt8(ascii: " "), count: max(22 - text.count, 1)))
        guard let number else { return text + "no such call on this architecture\n".utf8 }
        var words: ByteString = answer ?? "depends on the arguments"
        words = words + " for call " + ByteString(decimal: number) + (isShared ? ", which it shares with others: " : ": ")
        if rules.isEmpty {
            let reason: ByteString = isNewer ? "no rule names it, and it's newer than all that are named" : "the default action"
            words = words + reason
        } else {
            words = words + rules.map { "/linux/seccomp/syscalls/" + ByteString(decimal: $0) }.joined(", ")
            if answer == nil { words = words + ", or the default action" }
        }
        text.fill(words, from: text.count, indent: 22)
        return text
    }
}
