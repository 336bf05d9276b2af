/// One instruction of eBPF, in the 8 bytes of `struct bpf_insn` of linux/bpf.h.
public struct BPFInstruction: Equatable, Sendable {
    let bits: UInt64

    init(_ code: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: UInt32 = 0) {
        bits =
            UInt64(code) | UInt64(destination | source << 4) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
            | UInt64(immediate) << 32
    }

    var code: UInt8 { UInt8(truncatingIfNeeded: bits) }
    var destination: Int { Int(bits >> 8 & 0xF) }
    var source: Int { Int(bits >> 12 & 0xF) }
    var offset: Int { Int(Int16(truncatingIfNeeded: bits >> 16)) }
    var immediate: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
}

/// The program that decides on each access to a device on cgroup v2 (BPF_PROG_TYPE_CGROUP_DEVICE).
///
/// The program tests the rules from the last to the first: the last rule that matches a device decides. If a rule allows only a
/// part of an access ("r" of "rw"), this part is removed, and earlier rules decide on the rest. If no rule decides, the default
/// does.
enum DeviceProgram {
    /// Makes the program. Register 2 holds the part of the access that isn't decided yet, register 3 the kind of device,
    /// registers 4 and 5 the major and the minor number.
    static func instructions(for rules: DeviceRules) -> [BPFInstruction] {
        var program = [
            // struct bpf_cgroup_dev_ctx: access_type (access << 16 | kind), major, minor.
            BPFInstruction(loadWord, destination: 2, source: 1, offset: 0),
            BPFInstruction(move32Register, destination: 3, source: 2), BPFInstruction(and32, destination: 3, immediate: 0xFFFF),
            BPFInstruction(shiftRight32, destination: 2, immediate: 16),
            BPFInstruction(loadWord, destination: 4, source: 1, offset: 4),
            BPFInstruction(loadWord, destination: 5, source: 1, offset: 8),
        ]
        var verdict: Bool? = nil
        for entry in rules.entries.reversed() {
            if case .reset(let allow, _) = entry {
                verdict = allow
                break
            }
            if case .rule(let rule) = entry { program += instructions(for: rule) }
        }
        program += [BPFInstruction(move32, destination: 0, immediate: verdict == true ? 1 : 0), BPFInstruction(exit)]
        return program
    }

    private static func instructions(for rule: DeviceRule) -> [BPFInstruction] {
        var body: [BPFInstruction]
        let verdict = [BPFInstruction(move32, destination: 0, immediate: rule.allow ? 1 : 0), BPFInstruction(exit)]
        if rule.access == .all {
            body = verdict
        } else if rule.allow {
            let rest = DeviceAccess.all.subtracting(rule.access)
            body = [
                BPFInstruction(and32, destination: 2, immediate: rest.rawValue),
                BPFInstruction(jumpIfNot32, destination: 2, offset: 2, immediate: 0),
            ]
            body += verdict
        } else {
            body = [
                BPFInstruction(jumpIfAny32, destination: 2, offset: 1, immediate: rule.access.rawValue),
                BPFInstruction(jump, offset: 2),
            ]
            body += verdict
        }
        // If a condition doesn't hold, the program jumps past the body. Jumps count from the instruction after the jump.
        var conditions: [(register: UInt8, value: UInt32)] = [(3, rule.kind == .block ? 1 : 2)]
        if let major = rule.major { conditions.append((4, major)) }
        if let minor = rule.minor { conditions.append((5, minor)) }
        var result: [BPFInstruction] = []
        for (place, condition) in conditions.enumerated() {
            let beyond = conditions.count - 1 - place + body.count
            result.append(
                BPFInstruction(
                    jumpIfNot32, destination: condition.register, offset: Int16(beyond), immediate: condition.value))
        }
        return result + body
    }

    // Instruction codes: class, operation and source of the operand, Documentation/bpf/standardization/instruction-set.rst.
    // Numbers are compared as 32 bits: 64-bit comparisons would sign-extend the number in the instruction.
    static let loadWord: UInt8 = 0x61
    static let move32: UInt8 = 0xB4
    static let move32Register: UInt8 = 0xBC
    static let and32: UInt8 = 0x54
    static let shiftRight32: UInt8 = 0x74
    static let jump: UInt8 = 0x05
    static let jumpIfNot32: UInt8 = 0x56
    static let jumpIfAny32: UInt8 = 0x46
    static let exit: UInt8 = 0x95
}
