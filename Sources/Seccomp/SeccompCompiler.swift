import Bytes
import Errors
import Linux
import OCI

/// Compiles a profile into a program.
///
/// Only libseccomp's tables of names and numbers are used, not its compiler. The compiler of version 2.5 never ends for some
/// pairs of rules that compare two arguments. For other pairs, it allows calls that no rule allows.
struct SeccompCompiler {
    /// The result of a compilation, which the cache keeps.
    struct Output: Equatable {
        var instructions: [UInt8]
        var warnings: [ByteString]
    }

    private let rules: FilterRules
    /// The native architecture and those of the profile that can occur together with it.
    private var architectures = [Architecture.native]
    private var warnings: [ByteString] = []

    /// Compiles a profile.
    ///
    /// - Parameter profile: the profile.
    /// - Returns: the program, and warnings about architectures and system calls that were left out.
    /// - Throws: `unsupported` if the program is too long for the kernel.
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
            guard let architecture = Architecture.possible(name) else {
                // The filter always has the native architecture, so it leaves out no call that can occur.
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
        // A call of an architecture that isn't in the filter ends the thread, as with libseccomp.
        return program + [.answer(.kill)]
    }
}
