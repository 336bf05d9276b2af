import Linux

/// A system call of this machine's own kind, with its first arguments as far as they're known.
public typealias FilteredCall = (number: Int32, arguments: [UInt64])

extension SeccompProgram {
    /// Whether a call of this machine's own kind would go through, found out without making it: the filter is run here as the kernel
    /// would.
    ///
    /// `arguments`: the first ones, as far as they're known. A filter that looks at others answers no.
    public func permits(_ number: Int32, _ arguments: [UInt64] = []) -> Bool { answer(number, arguments)?.permits ?? false }

    /// Whether a call of this machine's own kind would fail, or end the process, whatever its arguments are.
    public func refuses(_ number: Int32) -> Bool { answer(number, [])?.refuses ?? false }

    private func answer(_ number: Int32, _ arguments: [UInt64]) -> FilterAction? {
        var preview = FilterPreview(number: UInt32(bitPattern: number), arguments: arguments)
        return instructions.withUnsafeBytes { preview.answer(of: $0.bindMemory(to: Instruction.self)) }
    }
}

/// One run of a filter.
private struct FilterPreview {
    let number: UInt32
    let arguments: [UInt64]
    private var accumulator: UInt32 = 0

    init(number: UInt32, arguments: [UInt64]) {
        self.number = number
        self.arguments = arguments
    }

    /// nil where the filter asks what isn't known here, or isn't made of what this program makes filters of.
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
        case Instruction.Field.architecture: return Architecture.native.auditToken
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
