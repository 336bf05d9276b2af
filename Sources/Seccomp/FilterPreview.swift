import Linux

/// A system call of the native architecture, with as many of its first arguments as are known.
public typealias FilteredCall = (number: Int32, arguments: [UInt64])

extension SeccompProgram {
    /// Whether the filter permits a system call of the native architecture. The filter is interpreted here as the kernel would
    /// run it; the call isn't made.
    ///
    /// - Parameters:
    ///   - number: the number of the call.
    ///   - arguments: as many of the first arguments as are known.
    /// - Returns: false if the filter doesn't permit the call, or if the answer depends on another argument.
    public func permits(_ number: Int32, _ arguments: [UInt64] = []) -> Bool { answer(number, arguments)?.permits ?? false }

    /// Whether a system call of the native architecture fails or ends the process, whatever its arguments are.
    ///
    /// - Parameter number: the number of the call.
    /// - Returns: false if the filter doesn't refuse the call, or if the answer depends on an argument.
    public func refuses(_ number: Int32) -> Bool { answer(number, [])?.refuses ?? false }

    private func answer(_ number: Int32, _ arguments: [UInt64]) -> FilterAction? {
        answer(FilterPreview(number: UInt32(bitPattern: number), arguments: arguments))
    }

    /// What the filter answers to a call; nil if that depends on an argument that isn't known.
    func answer(_ call: FilterPreview) -> FilterAction? {
        var preview = call
        return instructions.withUnsafeBytes { preview.answer(of: $0.bindMemory(to: Instruction.self)) }
    }
}

/// An interpreter for filters: one run for one system call.
struct FilterPreview {
    /// `AUDIT_ARCH_*`
    private let architecture: UInt32
    private let number: UInt32
    private let arguments: [UInt64]
    private var accumulator: UInt32 = 0

    init(architecture: UInt32 = SystemCallFilter.architecture, number: UInt32, arguments: [UInt64]) {
        self.architecture = architecture
        self.number = number
        self.arguments = arguments
    }

    /// Runs the filter; the answer is nil if the filter loads a word that isn't known, or has an instruction that this module
    /// doesn't use.
    mutating func answer(of program: UnsafeBufferPointer<Instruction>) -> FilterAction? {
        var place = 0
        while place < program.count {
            let instruction = program[place]
            place += 1
            switch instruction.code {
            case Instruction.load:
                guard let word = word(at: instruction.k) else { return nil }
                accumulator = word
            case Instruction.and: accumulator &= instruction.k
            case Instruction.jump: place += Int(instruction.k)
            case Instruction.jumpIfEqual: place += instruction.distance(if: accumulator == instruction.k)
            case Instruction.jumpIfGreater: place += instruction.distance(if: accumulator > instruction.k)
            case Instruction.jumpIfGreaterOrEqual: place += instruction.distance(if: accumulator >= instruction.k)
            case Instruction.return: return FilterAction(value: instruction.k)
            default: return nil
            }
        }
        return nil
    }

    private func word(at offset: UInt32) -> UInt32? {
        switch offset {
        case Instruction.Field.number: return number
        case Instruction.Field.architecture: return architecture
        default: break
        }
        for (index, argument) in arguments.enumerated() {
            if offset == Instruction.Field.lowHalf(argument: UInt32(index)) { return UInt32(truncatingIfNeeded: argument) }
            if offset == Instruction.Field.highHalf(argument: UInt32(index)) { return UInt32(argument >> 32) }
        }
        return nil
    }
}

extension Instruction {
    fileprivate func distance(if isSo: Bool) -> Int { Int(isSo ? jt : jf) }
}
