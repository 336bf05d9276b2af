public import Bytes

/// config-linux.md, "Seccomp".
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
    /// "SCMP_ARCH_X86_64" and so on, all of them names that the specification lists.
    public var architectures: [ByteString]
    /// nil where the document has no list: it means another thing than an empty one.
    public var flags: [Flag]?
    public var listenerPath: ByteString?
    public var listenerMetadata: ByteString?
    public var rules: [Rule]
}
