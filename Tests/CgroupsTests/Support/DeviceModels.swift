import Bytes
import OCI

@testable import Cgroups

/// An access to a device.
struct DeviceRequest {
    var kind: DeviceRule.Kind
    var major: UInt32
    var minor: UInt32
    var access: DeviceAccess
}

/// The meaning of the rules, as simply as possible: for each kind of access, the last rule about it decides.
func isAllowed(_ request: DeviceRequest, by rules: DeviceRules) -> Bool {
    for bit: DeviceAccess in [.read, .write, .mknod] where request.access.contains(bit) {
        var allowed = false
        for entry in rules.entries {
            switch entry {
            case .reset(let allow, _): allowed = allow
            case .rule(let rule):
                if rule.kind == request.kind, rule.major ?? request.major == request.major,
                    rule.minor ?? request.minor == request.minor, rule.access.contains(bit)
                {
                    allowed = rule.allow
                }
            }
        }
        if !allowed { return false }
    }
    return true
}

/// Interprets a device program. Returns nil for anything that the kernel's verifier would refuse: an unknown instruction, a
/// jump backwards or out of the program, a register that hasn't been set.
func verdict(of program: [BPFInstruction], on request: DeviceRequest) -> UInt32? {
    let kind: UInt32 = request.kind == .block ? 1 : 2
    let context = [request.access.rawValue << 16 | kind, request.major, request.minor]
    var registers: [UInt32?] = Array(repeating: nil, count: 11)
    var place = 0
    while program.indices.contains(place) {
        let instruction = program[place]
        let (target, immediate) = (instruction.destination, instruction.immediate)
        place += 1
        var jump: Bool? = nil
        switch instruction.code {
        case 0x61:
            guard instruction.source == 1, instruction.offset % 4 == 0, context.indices.contains(instruction.offset / 4) else {
                return nil
            }
            registers[target] = context[instruction.offset / 4]
        case 0xB4: registers[target] = immediate
        case 0xBC: registers[target] = registers[instruction.source]
        case 0x54: registers[target] = registers[target].map { $0 & immediate }
        case 0x74: registers[target] = registers[target].map { $0 >> immediate }
        case 0x05: jump = true
        case 0x56: jump = registers[target].map { $0 != immediate }
        case 0x46: jump = registers[target].map { $0 & immediate != 0 }
        case 0x95: return registers[0]
        default: return nil
        }
        if instruction.code & 0x07 == 0x06, jump == nil { return nil }
        if jump == true {
            guard instruction.offset >= 0 else { return nil }
            place += instruction.offset
        }
    }
    return nil
}

/// devices.allow and devices.deny of v1, as the kernel implements them in security/device_cgroup.c.
struct KernelDeviceList {
    private var allowsAll = true
    private var exceptions: [(kind: UInt8, major: ByteString, minor: ByteString, access: [UInt8])] = []

    mutating func write(_ line: DeviceLine) {
        if line.text == "a" {
            allowsAll = line.allow
            exceptions = []
            return
        }
        let words = line.text.split(separator: UInt8(ascii: " "))
        let numbers = words[1].split(separator: UInt8(ascii: ":"))
        let access = words[2].bytes
        let same = exceptions.firstIndex { $0.kind == words[0].bytes[0] && $0.major == numbers[0] && $0.minor == numbers[1] }
        if line.allow == allowsAll {
            // Only exactly the same numbers can be taken away.
            guard let same else { return }
            exceptions[same].access.removeAll { access.contains($0) }
            if exceptions[same].access.isEmpty { exceptions.remove(at: same) }
        } else if let same {
            exceptions[same].access += access.filter { !exceptions[same].access.contains($0) }
        } else {
            exceptions.append((words[0].bytes[0], numbers[0], numbers[1], access))
        }
    }

    /// Whether the list allows one kind of access.
    func allows(_ kind: DeviceRule.Kind, _ major: UInt32, _ minor: UInt32, _ access: UInt8) -> Bool {
        let excepted = exceptions.contains {
            $0.kind == (kind == .block ? UInt8(ascii: "b") : UInt8(ascii: "c"))
                && ($0.major == "*" || $0.major == ByteString(decimal: major))
                && ($0.minor == "*" || $0.minor == ByteString(decimal: minor)) && $0.access.contains(access)
        }
        return excepted != allowsAll
    }
}
