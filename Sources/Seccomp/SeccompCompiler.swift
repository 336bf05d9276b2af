import Bytes
import CLinux
import CSeccomp
import Errors
import Linux
import OCI

/// Turns a profile into a program, by libseccomp.
struct SeccompCompiler: ~Copyable {
    /// What the cache keeps.
    struct Output: Equatable {
        var instructions: [UInt8]
        var warnings: [ByteString]
    }

    /// From this many names on a binary tree takes fewer steps than a list, in all but the first calls.
    private static let manyNames = 32

    /// libseccomp's word for a name that it doesn't know (`__NR_SCMP_ERROR`). Numbers below are names that this architecture lacks.
    private static let unknownCall: Int32 = -1

    private let context: LibraryContext
    private let defaultAction: FilterAction
    /// The native one and those of the profile that can occur together with it, as libseccomp's tokens.
    private var architectures: [UInt32] = [seccomp_arch_native()]
    private var newerCalls = NewerCalls()
    private var warnings: [ByteString] = []

    /// Throws what can't be in a filter, with its place in the profile.
    static func compile(_ profile: Seccomp) throws(RuntimeError) -> Output {
        var compiler = try SeccompCompiler(profile)
        if profile.rules.reduce(0, { $0 + $1.names.count }) > manyNames { try compiler.context.useBinaryTree() }
        for (index, name) in profile.architectures.enumerated() {
            try compiler.add(architecture: name, "/linux/seccomp/architectures/\(index)")
        }
        for (index, rule) in profile.rules.enumerated() { try compiler.add(rule, "/linux/seccomp/syscalls/\(index)") }
        return Output(instructions: try compiler.program(for: profile), warnings: compiler.warnings)
    }

    private init(_ profile: Seccomp) throws(RuntimeError) {
        defaultAction = FilterAction(profile.defaultAction, errnoRet: profile.defaultErrnoRet)
        context = try LibraryContext(defaultAction: defaultAction)
    }

    private mutating func add(architecture name: ByteString, _ place: String) throws(RuntimeError) {
        let token = SeccompFeatures.token(ofArchitecture: name)
        if let token, architectures.contains(token) { return }
        if let token, try context.add(architecture: token, pointer: place) {
            architectures.append(token)
        } else {
            // The native one is always in it and always known, so nothing is lost.
            warn(place, "architecture ", name, " can't occur on this machine")
        }
    }

    private mutating func add(_ rule: Seccomp.Rule, _ place: String) throws(RuntimeError) {
        let action = FilterAction(rule.action, errnoRet: rule.errnoRet)
        let alternatives = Self.comparisons(of: rule)
        for name in rule.names {
            let call = name.withCString { seccomp_syscall_resolve_name($0) }
            guard call != Self.unknownCall else {
                warn(place, "libseccomp \(LibraryContext.version) knows no system call \"", name, "\"")
                continue
            }
            for architecture in architectures {
                newerCalls.add(
                    number: name.withCString { seccomp_syscall_resolve_name_arch(architecture, $0) }, architecture: architecture)
            }
            // libseccomp refuses a rule that says what would happen anyway.
            guard action != defaultAction else { continue }
            for comparisons in alternatives {
                let addition = try context.add(action, call: call, comparisons: comparisons, pointer: place)
                guard addition == .done else {
                    throw RuntimeError(
                        .invalidConfig,
                        "contradicts an earlier rule: another action for \(name.displayText) with the same arguments",
                        pointer: place)
                }
            }
        }
    }

    private borrowing func program(for profile: Seccomp) throws(RuntimeError) -> [UInt8] {
        var program = try context.program()
        if profile.defaultAction == .errno, defaultAction != .noSuchCall { program = newerCalls.instructions() + program }
        let count = program.count / SystemCallFilter.instructionSize
        guard count <= SystemCallFilter.mostInstructions else {
            throw RuntimeError(
                .unsupported,
                "the profile makes a filter of \(count) instructions: the kernel takes \(SystemCallFilter.mostInstructions)",
                pointer: "/linux/seccomp", hint: "fewer rules, or fewer architectures, make it shorter")
        }
        return program
    }

    private mutating func warn(_ place: String, _ before: String, _ name: ByteString, _ after: String) {
        warnings.append(ByteString(place + ": " + before) + name + ByteString(after + "; left out of the filter"))
    }

    /// The comparisons of a rule, as many rules of libseccomp's as they take: there, each can look at an argument but once. So a rule
    /// that compares one of them again counts as a list of alternatives, in all its comparisons: so runc has it, and profiles rely on it.
    private static func comparisons(of rule: Seccomp.Rule) -> [[scmp_arg_cmp]] {
        var all: [scmp_arg_cmp] = []
        var repeated = false
        for argument in rule.args {
            repeated = repeated || all.contains { $0.arg == argument.index }
            // With MASKED_EQ the first number is the mask.
            all.append(
                scmp_arg_cmp(
                    arg: argument.index, op: argument.op.libraryValue, datum_a: argument.value, datum_b: argument.valueTwo))
        }
        return repeated ? all.map { [$0] } : [all]
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
