import Bytes
import CSeccomp
import Linux
import OCI

/// Everything that influences a program, as one sequence of bytes. Two profiles have the same encoding only if they mean the
/// same.
///
/// The encoding is unambiguous: a length precedes each list and text, and a flag precedes each optional number.
struct ProfileEncoding {
    /// Increase this number with every change to the compiler's output or to the format of the cache's files.
    private static let version: UInt32 = 2

    private(set) var bytes: [UInt8] = []

    init(_ profile: Seccomp) {
        // Enough for Docker's profile, so that memory is allocated only once.
        bytes.reserveCapacity(8 * 1024)
        add(Self.version)
        add(ByteString(SeccompFeatures.libraryVersion))
        add(seccomp_arch_native())
        add(kernelRelease())
        add(profile.defaultAction.code)
        add(profile.defaultErrnoRet)
        add(UInt32(profile.architectures.count))
        for architecture in profile.architectures { add(architecture) }
        add(UInt32(profile.rules.count))
        for rule in profile.rules { add(rule) }
    }

    private mutating func add(_ rule: Seccomp.Rule) {
        add(rule.action.code)
        add(rule.errnoRet)
        add(UInt32(rule.names.count))
        for name in rule.names { add(name) }
        add(UInt32(rule.args.count))
        for argument in rule.args {
            add(argument.index)
            add(argument.op.code)
            add(argument.value)
            add(argument.valueTwo)
        }
    }

    private mutating func add(_ text: ByteString) {
        add(UInt32(text.count))
        bytes.append(contentsOf: text.bytes)
    }

    private mutating func add(_ number: UInt32?) {
        bytes.append(number == nil ? 0 : 1)
        add(number ?? 0)
    }

    private mutating func add(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

}

extension Seccomp.Action {
    fileprivate var code: UInt8 {
        switch self {
        case .kill: 0
        case .killProcess: 1
        case .killThread: 2
        case .trap: 3
        case .errno: 4
        case .trace: 5
        case .allow: 6
        case .log: 7
        case .notify: 8
        }
    }
}

extension Seccomp.Operator {
    fileprivate var code: UInt8 {
        switch self {
        case .notEqual: 0
        case .lessThan: 1
        case .lessOrEqual: 2
        case .equal: 3
        case .greaterOrEqual: 4
        case .greaterThan: 5
        case .maskedEqual: 6
        }
    }
}
