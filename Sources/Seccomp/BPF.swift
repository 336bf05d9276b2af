import Linux

/// An instruction of classic BPF. A filter runs on `struct seccomp_data`: seccomp(2).
typealias Instruction = FilterInstruction

extension FilterInstruction {
    /// Offsets into `struct seccomp_data`.
    enum Field {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        private static let arguments: UInt32 = 16

        static func lowHalf(argument: UInt32) -> UInt32 { arguments + 8 * argument + (isBigEndian ? 4 : 0) }
        static func highHalf(argument: UInt32) -> UInt32 { arguments + 8 * argument + (isBigEndian ? 0 : 4) }

        private static var isBigEndian: Bool { UInt32(1).bigEndian == 1 }
    }

    /// A comparison of the accumulator with a number.
    enum Condition {
        case equal, greater, greaterOrEqual

        fileprivate var code: UInt16 {
            switch self {
            case .equal: FilterInstruction.jumpIfEqual
            case .greater: FilterInstruction.jumpIfGreater
            case .greaterOrEqual: FilterInstruction.jumpIfGreaterOrEqual
            }
        }
    }

    /// Loads a 32-bit word of `struct seccomp_data` into the accumulator.
    static func load(_ field: UInt32) -> Instruction { Instruction(code: load, k: field) }

    /// Clears all bits of the accumulator except these.
    static func mask(_ bits: UInt32) -> Instruction { Instruction(code: and, k: bits) }

    /// Skips the next `then` instructions if the condition holds, and the next `otherwise` instructions if it doesn't.
    static func skip(_ then: UInt8, if condition: Condition, _ value: UInt32, else otherwise: UInt8) -> Instruction {
        Instruction(code: condition.code, jt: then, jf: otherwise, k: value)
    }

    /// Skips the next `count` instructions.
    static func skip(_ count: Int) -> Instruction { Instruction(code: jump, k: UInt32(count)) }

    /// Ends the program with the filter's answer.
    static func answer(_ action: FilterAction) -> Instruction { Instruction(code: `return`, k: action.value) }
}
