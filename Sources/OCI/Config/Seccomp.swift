public import Bytes

/// A seccomp profile: config-linux.md, "Seccomp".
public struct Seccomp: Sendable {
    public enum Action: CaseIterable, Sendable {
        case kill, killProcess, killThread, trap, errno, trace, allow, log, notify
    }

    public enum Operator: CaseIterable, Sendable {
        case notEqual, lessThan, lessOrEqual, equal, greaterOrEqual, greaterThan, maskedEqual
    }

    public enum Flag: CaseIterable, Sendable { case tsync, log, specAllow, waitKillableReceive }

    public struct Argument: Sendable {
        public var index: UInt32
        public var value: UInt64
        public var valueTwo: UInt64
        public var op: Operator
    }

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
