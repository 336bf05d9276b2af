import CLinux

/// A system call as a filter sees it: `struct seccomp_data` of seccomp(2).
struct ObservedCall {
    /// AUDIT_ARCH_*.
    var architecture: UInt32
    var number: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    /// The 64 bytes of the structure, in the byte order of the machine that runs the tests.
    fileprivate var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in [number, architecture] { withUnsafeBytes(of: word) { bytes += $0 } }
        for word in [0x7f00_dead_beef] + arguments { withUnsafeBytes(of: UInt64(word)) { bytes += $0 } }
        return bytes
    }
}

/// Runs classic BPF as the kernel does, to get a filter's answers without making the calls.
struct BPFMachine {
    enum Fault: Error { case unknownInstruction(UInt16), badOffset(UInt32), ranOut }

    private struct Instruction {
        let code: Int32
        let jumpTrue: Int
        let jumpFalse: Int
        let k: UInt32
    }

    private let program: [Instruction]

    /// Loads a program from its instructions as the kernel has them (`struct sock_filter`).
    init(_ bytes: [UInt8]) {
        program = stride(from: 0, to: bytes.count, by: 8).map { place in
            bytes.withUnsafeBytes {
                Instruction(
                    code: Int32($0.loadUnaligned(fromByteOffset: place, as: UInt16.self)), jumpTrue: Int($0[place + 2]),
                    jumpFalse: Int($0[place + 3]), k: $0.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
            }
        }
    }

    /// The number of instructions.
    var length: Int { program.count }

    /// The program's result: SECCOMP_RET_* with its data.
    func answer(to call: ObservedCall) throws -> UInt32 {
        let data = call.bytes
        var accumulator: UInt32 = 0
        var next = 0
        while next < program.count {
            let instruction = program[next]
            next += 1
            let k = instruction.k
            switch instruction.code {
            case BPF_LD | BPF_W | BPF_ABS:
                guard k % 4 == 0, k + 4 <= data.count else { throw Fault.badOffset(k) }
                accumulator = data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Int(k), as: UInt32.self) }
            case BPF_ALU | BPF_AND | BPF_K: accumulator &= k
            case BPF_JMP | BPF_JA: next += Int(k)
            case BPF_JMP | BPF_JEQ | BPF_K: next += accumulator == k ? instruction.jumpTrue : instruction.jumpFalse
            case BPF_JMP | BPF_JGT | BPF_K: next += accumulator > k ? instruction.jumpTrue : instruction.jumpFalse
            case BPF_JMP | BPF_JGE | BPF_K: next += accumulator >= k ? instruction.jumpTrue : instruction.jumpFalse
            case BPF_JMP | BPF_JSET | BPF_K: next += accumulator & k != 0 ? instruction.jumpTrue : instruction.jumpFalse
            case BPF_RET | BPF_K: return k
            default: throw Fault.unknownInstruction(UInt16(instruction.code))
            }
        }
        throw Fault.ranOut
    }
}
