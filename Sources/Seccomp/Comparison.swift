import OCI

/// A condition on an argument of a system call.
struct Comparison {
    private let argument: UInt32
    private let op: Seccomp.Operator
    private let value: UInt64
    private let mask: UInt64

    init(_ argument: Seccomp.Argument) {
        self.argument = argument.index
        op = argument.op
        // For SCMP_CMP_MASKED_EQ, `value` is the mask and `valueTwo` the number. As in libseccomp, the mask applies to both the
        // argument and the number.
        mask = argument.op == .maskedEqual ? argument.value : .max
        value = argument.op == .maskedEqual ? argument.valueTwo & argument.value : argument.value
    }

    /// A comparison that holds if the bits of the first argument that `mask` selects equal `value`.
    init(firstArgumentEquals value: UInt64, mask: UInt64) {
        argument = 0
        op = .maskedEqual
        self.value = value
        self.mask = mask
    }

    /// Instructions that test all the comparisons. If all hold, the program continues after these instructions. If one doesn't,
    /// it also skips the `behind` instructions that follow them.
    static func instructions(_ comparisons: [Comparison], isNarrow: Bool, behind: Int) -> [Instruction] {
        var instructions: [Instruction] = []
        // From the last to the first, because each comparison jumps over the instructions after it.
        for comparison in comparisons.reversed() {
            instructions =
                comparison.instructions(isNarrow: isNarrow, onFailure: UInt8(instructions.count + behind)) + instructions
        }
        return instructions
    }

    /// The instructions for one comparison. An argument has 64 bits and BPF compares 32, so the high half is compared first. On
    /// an architecture with narrow registers, the high halves of the argument and the number are ignored.
    private func instructions(isNarrow: Bool, onFailure failure: UInt8) -> [Instruction] {
        switch op {
        case .equal, .maskedEqual: equality(isNarrow, met: 0, missed: failure)
        case .notEqual: equality(isNarrow, met: failure, missed: 0)
        case .greaterThan: order(.greater, isNarrow, met: 0, missed: failure)
        case .greaterOrEqual: order(.greaterOrEqual, isNarrow, met: 0, missed: failure)
        case .lessThan: order(.greaterOrEqual, isNarrow, met: failure, missed: 0)
        case .lessOrEqual: order(.greater, isNarrow, met: failure, missed: 0)
        }
    }

    private func equality(_ isNarrow: Bool, met: UInt8, missed: UInt8) -> [Instruction] {
        let low = loadLow() + [.skip(met, if: .equal, lowValue, else: missed)]
        if isNarrow { return low }
        return loadHigh() + [.skip(0, if: .equal, highValue, else: UInt8(low.count) + missed)] + low
    }

    private func order(_ condition: Instruction.Condition, _ isNarrow: Bool, met: UInt8, missed: UInt8) -> [Instruction] {
        let low = loadLow() + [.skip(met, if: condition, lowValue, else: missed)]
        if isNarrow { return low }
        let rest = UInt8(low.count)
        return loadHigh() + [
            .skip(rest + 1 + met, if: .greater, highValue, else: 0), .skip(0, if: .equal, highValue, else: rest + missed),
        ] + low
    }

    private var lowValue: UInt32 { UInt32(truncatingIfNeeded: value) }
    private var highValue: UInt32 { UInt32(truncatingIfNeeded: value >> 32) }

    private func loadLow() -> [Instruction] {
        load(Instruction.Field.lowHalf(argument: argument), mask: UInt32(truncatingIfNeeded: mask))
    }

    private func loadHigh() -> [Instruction] {
        load(Instruction.Field.highHalf(argument: argument), mask: UInt32(truncatingIfNeeded: mask >> 32))
    }

    private func load(_ field: UInt32, mask: UInt32) -> [Instruction] {
        mask == .max ? [.load(field)] : [.load(field), .mask(mask)]
    }
}
