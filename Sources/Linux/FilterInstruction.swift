import CLinux

/// One instruction of a seccomp filter, as seccomp(2) takes it: `struct sock_filter` of classic BPF.
public struct FilterInstruction: Sendable {
    /// The operation, one of the constants below.
    public let code: UInt16
    /// The number of instructions to skip if a comparison is true.
    public let jt: UInt8
    /// The number of instructions to skip if a comparison is false.
    public let jf: UInt8
    /// The operand.
    public let k: UInt32

    public init(code: UInt16, jt: UInt8 = 0, jf: UInt8 = 0, k: UInt32) {
        self.code = code
        self.jt = jt
        self.jf = jf
        self.k = k
    }

    /// `BPF_LD | BPF_W | BPF_ABS`
    public static var load: UInt16 { UInt16(BPF_LD | BPF_W | BPF_ABS) }
    /// `BPF_ALU | BPF_AND | BPF_K`
    public static var and: UInt16 { UInt16(BPF_ALU | BPF_AND | BPF_K) }
    /// `BPF_JMP | BPF_JA`
    public static var jump: UInt16 { UInt16(BPF_JMP | BPF_JA) }
    /// `BPF_JMP | BPF_JEQ | BPF_K`
    public static var jumpIfEqual: UInt16 { UInt16(BPF_JMP | BPF_JEQ | BPF_K) }
    /// `BPF_JMP | BPF_JGT | BPF_K`
    public static var jumpIfGreater: UInt16 { UInt16(BPF_JMP | BPF_JGT | BPF_K) }
    /// `BPF_JMP | BPF_JGE | BPF_K`
    public static var jumpIfGreaterOrEqual: UInt16 { UInt16(BPF_JMP | BPF_JGE | BPF_K) }
    /// `BPF_RET | BPF_K`
    public static var `return`: UInt16 { UInt16(BPF_RET | BPF_K) }
}

/// A filter's answers to a system call, without their data: `SECCOMP_RET_*` of seccomp(2).
public enum FilterAnswer {
    public static var killThread: UInt32 { UInt32(SECCOMP_RET_KILL_THREAD) }
    public static var killProcess: UInt32 { UInt32(SECCOMP_RET_KILL_PROCESS) }
    public static var trap: UInt32 { UInt32(SECCOMP_RET_TRAP) }
    public static var errno: UInt32 { UInt32(SECCOMP_RET_ERRNO) }
    public static var trace: UInt32 { UInt32(SECCOMP_RET_TRACE) }
    public static var allow: UInt32 { UInt32(SECCOMP_RET_ALLOW) }
    public static var log: UInt32 { UInt32(SECCOMP_RET_LOG) }
    public static var notify: UInt32 { UInt32(SECCOMP_RET_USER_NOTIF) }
    /// The bits that hold the answer.
    public static var action: UInt32 { UInt32(SECCOMP_RET_ACTION_FULL) }
    /// The bits that hold the answer's data.
    public static var data: UInt32 { UInt32(SECCOMP_RET_DATA) }
}
