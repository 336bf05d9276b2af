import CLinux

/// Classic BPF as seccomp(2) takes it, put together instruction by instruction.
struct BPFProgram {
    /// Offsets into `struct seccomp_data`.
    enum Field {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
    }

    private(set) var bytes: [UInt8] = []

    /// Instructions so far.
    var count: Int { bytes.count / 8 }

    /// Loads a 32-bit word of `struct seccomp_data` into the accumulator.
    mutating func load(_ offset: UInt32) { append(BPF_LD | BPF_W | BPF_ABS, offset) }

    /// Skips `then` instructions where the accumulator equals `value`, and `otherwise` where it doesn't.
    mutating func ifEqual(_ value: UInt32, skip then: UInt8, else otherwise: UInt8) {
        append(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
    }

    mutating func ifGreater(_ value: UInt32, skip then: UInt8, else otherwise: UInt8) {
        append(BPF_JMP | BPF_JGT | BPF_K, value, then, otherwise)
    }

    mutating func ifGreaterOrEqual(_ value: UInt32, skip then: UInt8, else otherwise: UInt8) {
        append(BPF_JMP | BPF_JGE | BPF_K, value, then, otherwise)
    }

    mutating func skip(_ count: Int) { append(BPF_JMP | BPF_JA, UInt32(count)) }

    mutating func answer(_ action: UInt32) { append(BPF_RET | BPF_K, action) }

    /// `struct sock_filter`.
    private mutating func append(_ code: Int32, _ k: UInt32, _ jumpTrue: UInt8 = 0, _ jumpFalse: UInt8 = 0) {
        withUnsafeBytes(of: UInt16(code)) { bytes.append(contentsOf: $0) }
        bytes.append(jumpTrue)
        bytes.append(jumpFalse)
        withUnsafeBytes(of: k) { bytes.append(contentsOf: $0) }
    }
}
