import Bytes
import Errors
import Linux
import OCI

/// Turns a profile into a program. libseccomp lends its tables of names and numbers, not its translation: version 2.5 never comes to
/// an end over some pairs of rules that compare two arguments, and over others lets calls pass that no rule allows.
struct SeccompCompiler {
    /// What the cache keeps.
    struct Output: Equatable {
        var instructions: [UInt8]
        var warnings: [ByteString]
    }

    private let rules: FilterRules
    /// The native one and those of the profile that can occur together with it.
    private var architectures = [Architecture.native]
    private var warnings: [ByteString] = []

    /// Throws what can't be in a filter, with its place in the profile.
    static func compile(_ profile: Seccomp) throws(RuntimeError) -> Output {
        let compiler = SeccompCompiler(profile)
        let program = compiler.program()
        guard program.count <= SystemCallFilter.mostInstructions else {
            throw RuntimeError(
                .unsupported,
                "the profile makes a filter of " + String(program.count) + " instructions: the kernel takes "
                    + String(SystemCallFilter.mostInstructions),
                pointer: "/linux/seccomp", hint: "fewer rules, or fewer architectures, make it shorter")
        }
        return Output(instructions: program.withUnsafeBytes { Array($0) }, warnings: compiler.warnings)
    }

    private init(_ profile: Seccomp) {
        rules = FilterRules(profile)
        for (index, name) in profile.architectures.enumerated() {
            guard let architecture = Architecture(named: name), architecture.canOccur else {
                // The native one is always in it and always known, so nothing is lost.
                warn("/linux/seccomp/architectures/" + String(index) + ": no calls of ", name, " can occur on this machine")
                continue
            }
            if !architectures.contains(architecture) { architectures.append(architecture) }
        }
        for (index, rule) in profile.rules.enumerated() {
            for name in rule.names where !CallTable.knows(name) {
                warn(
                    "/linux/seccomp/syscalls/" + String(index) + ": libseccomp " + SeccompFeatures.libraryVersion
                        + " knows no call \"", name, "\"")
            }
        }
    }

    @inline(never)
    private mutating func warn(_ before: String, _ name: ByteString, _ after: String) {
        warnings.append(ByteString(before) + name + ByteString(after + "; left out of the filter"))
    }

    private func program() -> [Instruction] {
        var program: [Instruction] = [.load(Instruction.Field.architecture)]
        var tokens: [UInt32] = []
        for architecture in architectures where !tokens.contains(architecture.auditToken) {
            let token = architecture.auditToken
            tokens.append(token)
            let line = rules.numberLine(for: architectures.filter { $0.auditToken == token })
            let block = [.load(Instruction.Field.number)] + line.instructions()
            program += [.skip(1, if: .equal, token, else: 0), .skip(block.count)] + block
        }
        // libseccomp's answer to an architecture that isn't in the filter.
        return program + [.answer(.kill)]
    }
}
