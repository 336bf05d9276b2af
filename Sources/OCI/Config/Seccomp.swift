public import Bytes

/// A seccomp profile: config-linux.md, "Seccomp".
public struct Seccomp: Sendable {
    /// The answer to a system call, SCMP_ACT_… in the document.
    public enum Action: CaseIterable, Sendable {
        case kill, killProcess, killThread, trap, errno, trace, allow, log, notify
    }

    /// A comparison, SCMP_CMP_… in the document.
    public enum Operator: CaseIterable, Sendable {
        case notEqual, lessThan, lessOrEqual, equal, greaterOrEqual, greaterThan, maskedEqual
    }

    /// A flag of seccomp(2), SECCOMP_FILTER_FLAG_… in the document.
    public enum Flag: CaseIterable, Sendable { case tsync, log, specAllow, waitKillableReceive }

    /// A condition on one argument of a system call.
    public struct Argument: Sendable {
        public var index: UInt32
        public var value: UInt64
        public var valueTwo: UInt64
        public var op: Operator
    }

    /// The action for some system calls, if all conditions on their arguments hold.
    public struct Rule: Sendable {
        public var names: [ByteString]
        public var action: Action
        public var errnoRet: UInt32?
        public var args: [Argument]
    }

    public var defaultAction: Action
    public var defaultErrnoRet: UInt32?
    /// Names such as "SCMP_ARCH_X86_64". The specification lists all of them.
    public var architectures: [ByteString]
    /// nil if the document has no list, which means something else than an empty list: `SeccompFlags` of the module Seccomp.
    public var flags: [Flag]?
    public var listenerPath: ByteString?
    public var listenerMetadata: ByteString?
    public var rules: [Rule]
}

extension Seccomp {
    /// A profile that allows one call.
    public init(allowing call: ByteString) {
        self.init(
            defaultAction: .errno, architectures: [], rules: [Rule(names: [call], action: .allow, errnoRet: nil, args: [])])
    }
}
