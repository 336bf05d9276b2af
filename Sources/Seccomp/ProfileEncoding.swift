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

    let bytes: [UInt8]

    init(_ profile: Seccomp) {
        // Enough for Docker's profile, so that memory is allocated only once.
        var text = ByteBuffer(capacity: 8 * 1024)
        text.add(Self.version)
        text.add(ByteString(SeccompFeatures.libraryVersion))
        text.add(seccomp_arch_native())
        text.add(kernelRelease())
        text.add(profile.defaultAction.code)
        text.add(profile.defaultErrnoRet)
        text.add(UInt32(profile.architectures.count))
        for architecture in profile.architectures { text.add(architecture) }
        text.add(UInt32(profile.rules.count))
        for rule in profile.rules { text.add(rule) }
        bytes = text.bytes
    }
}

extension ByteBuffer {
    fileprivate mutating func add(_ rule: Seccomp.Rule) {
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

    fileprivate mutating func add(_ text: ByteString) {
        add(UInt32(text.count))
        append(text)
    }

    fileprivate mutating func add(_ number: UInt32?) {
        append(number == nil ? 0 : 1)
        add(number ?? 0)
    }

    fileprivate mutating func add(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { append($0.bindMemory(to: UInt8.self)) }
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
