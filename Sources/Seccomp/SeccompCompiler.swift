import Bytes
import CLinux
import CSeccomp
import Errors
import Linux
import OCI

/// Turns a profile into a program, by libseccomp.
enum SeccompCompiler {
    /// What the cache keeps.
    struct Output: Equatable {
        var instructions: [UInt8]
        var warnings: [ByteString]
    }

    /// From this many names on a binary tree takes fewer steps than a list, in all but the first calls.
    private static let manyNames = 32

    /// libseccomp's word for a name that it doesn't know (`__NR_SCMP_ERROR`). Numbers below are names that this architecture lacks.
    private static let unknownCall: Int32 = -1

    /// - Throws: what can't be in a filter, with its place in the profile.
    static func compile(_ profile: Seccomp) throws(RuntimeError) -> Output {
        let defaultAction = try FilterAction(
            profile.defaultAction, errnoRet: profile.defaultErrnoRet, pointer: "/linux/seccomp/defaultErrnoRet")
        let context = try LibraryContext(defaultAction: defaultAction)
        var output = Output(instructions: [], warnings: [])
        let architectures = try add(profile.architectures, to: context, &output.warnings)
        if profile.rules.reduce(0, { $0 + $1.names.count }) > manyNames { try context.useBinaryTree() }

        var newerCalls = NewerCalls()
        for (index, rule) in profile.rules.enumerated() {
            let place = "/linux/seccomp/syscalls/\(index)"
            let action = try FilterAction(rule.action, errnoRet: rule.errnoRet, pointer: place + "/errnoRet")
            let comparisons = try comparisons(of: rule, place)
            for name in rule.names {
                let call = name.withCString { seccomp_syscall_resolve_name($0) }
                guard call != unknownCall else {
                    warn(&output.warnings, place, "system call \"", name, "\" is unknown to libseccomp \(LibraryContext.version)")
                    continue
                }
                name.withCString { name in
                    for architecture in architectures {
                        newerCalls.add(number: seccomp_syscall_resolve_name_arch(architecture, name), architecture: architecture)
                    }
                }
                // libseccomp refuses a rule that says what would happen anyway.
                guard action != defaultAction else { continue }
                for comparison in comparisons
                where
                    try context.add(action, call: call, comparisons: comparison, pointer: place) == .contradiction
                {
                    throw RuntimeError(
                        .invalidConfig,
                        "contradicts an earlier rule: another action for \(name.displayText) with the same arguments",
                        pointer: place)
                }
            }
        }

        output.instructions = try context.program()
        if profile.defaultAction == .errno, defaultAction != .noSuchCall {
            output.instructions = newerCalls.instructions() + output.instructions
        }
        let count = output.instructions.count / SystemCallFilter.instructionSize
        guard count <= SystemCallFilter.mostInstructions else {
            throw RuntimeError(
                .unsupported,
                "the profile makes a filter of \(count) instructions: the kernel takes \(SystemCallFilter.mostInstructions)",
                pointer: "/linux/seccomp", hint: "fewer rules, or fewer architectures, make it shorter")
        }
        return output
    }

    /// - Returns: the native architecture, and those of the list that can occur together with it. As libseccomp's tokens.
    private static func add(
        _ names: [ByteString], to context: borrowing LibraryContext, _ warnings: inout [ByteString]
    ) throws(RuntimeError) -> [UInt32] {
        var architectures = [seccomp_arch_native()]
        for (index, name) in names.enumerated() {
            let place = "/linux/seccomp/architectures/\(index)"
            let token = SeccompFeatures.token(ofArchitecture: name)
            if let token, architectures.contains(token) { continue }
            if let token, try context.add(architecture: token, pointer: place) {
                architectures.append(token)
            } else {
                // The native one is always in it and always known, so nothing is lost.
                warn(&warnings, place, "architecture ", name, " can't occur on this machine, and is left out")
            }
        }
        return architectures
    }

    /// The comparisons of a rule, as many rules of libseccomp's as they take: there, each can look at an argument but once. So a rule
    /// that compares one of them again counts as a list of alternatives, in all its comparisons: so runc has it, and profiles rely on it.
    private static func comparisons(of rule: Seccomp.Rule, _ place: String) throws(RuntimeError) -> [[scmp_arg_cmp]] {
        var all: [scmp_arg_cmp] = []
        var repeated = false
        for (index, argument) in rule.args.enumerated() {
            guard argument.index < 6 else {
                throw RuntimeError(
                    .invalidConfig, "system calls have arguments 0 to 5, not \(Int(argument.index))",
                    pointer: place + "/args/\(index)/index")
            }
            repeated = repeated || all.contains { $0.arg == argument.index }
            // With MASKED_EQ the first number is the mask.
            all.append(
                scmp_arg_cmp(
                    arg: argument.index, op: argument.op.libraryValue, datum_a: argument.value, datum_b: argument.valueTwo))
        }
        return repeated ? all.map { [$0] } : [all]
    }

    private static func warn(
        _ warnings: inout [ByteString], _ place: String, _ before: String, _ name: ByteString, _ after: String
    ) {
        warnings.append(ByteString(place + ": " + before) + name + ByteString(after))
    }
}

extension Seccomp.Operator {
    fileprivate var libraryValue: scmp_compare {
        switch self {
        case .notEqual: SCMP_CMP_NE
        case .lessThan: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greaterThan: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
