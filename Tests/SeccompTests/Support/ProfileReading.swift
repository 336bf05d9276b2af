import Bytes
import CLinux
import CSeccomp

@testable import OCI

/// The meaning of a profile, read rule by rule without a filter. Compiled programs are compared with it.
struct ProfileReading {
    /// x32's calls come under x86_64's AUDIT_ARCH with this bit in the number.
    static let x32Bit: UInt32 = 0x4000_0000

    let profile: Seccomp
    private let architectures: [UInt32]
    /// The largest number that the profile names, by libseccomp's token of the architecture.
    private let newest: [UInt32: UInt32]

    init(_ profile: Seccomp) {
        self.profile = profile
        let listed = profile.architectures.map { name in
            String(decoding: name.bytes.dropFirst("SCMP_ARCH_".count), as: UTF8.self).lowercased().withCString(
                seccomp_arch_resolve_name)
        }
        architectures = [seccomp_arch_native()] + listed
        var newest: [UInt32: UInt32] = [:]
        for name in profile.rules.flatMap(\.names) {
            for architecture in architectures {
                let number = name.withCString { seccomp_syscall_resolve_name_arch(architecture, $0) }
                if number >= 0 { newest[architecture] = max(newest[architecture] ?? 0, UInt32(number)) }
            }
        }
        self.newest = newest
    }

    /// The expected answer: SECCOMP_RET_* with its data.
    func answer(to call: ObservedCall) -> UInt32 {
        var architecture = call.architecture
        if architecture == c_scmp_arch_x86_64, call.number & Self.x32Bit != 0 { architecture = c_scmp_arch_x32 }
        guard architectures.contains(architecture) else { return UInt32(SECCOMP_RET_KILL_THREAD) }

        let ordinary = value(profile.defaultAction, profile.defaultErrnoRet)
        if profile.defaultAction == .errno, let newest = newest[architecture], call.number > newest {
            return UInt32(SECCOMP_RET_ERRNO) | UInt32(ENOSYS)
        }
        guard let name = name(of: call.number, architecture) else { return ordinary }
        let rules = profile.rules.filter { rule in
            rule.names.contains { $0.displayText == name } && value(rule.action, rule.errnoRet) != ordinary
        }
        // A rule without comparisons wins over rules with comparisons. Among several, the first one wins.
        if let rule = rules.first(where: { $0.args.isEmpty }) { return value(rule.action, rule.errnoRet) }
        let isNarrow = architecture == c_scmp_arch_x86 || architecture == c_scmp_arch_x32
        let rule = rules.first { matches($0, call.arguments, isNarrow ? 0xFFFF_FFFF : .max) }
        return rule.map { value($0.action, $0.errnoRet) } ?? ordinary
    }

    private func matches(_ rule: Seccomp.Rule, _ arguments: [UInt64], _ width: UInt64) -> Bool {
        let results = rule.args.map { holds($0, arguments[Int($0.index)] & width, width) }
        let repeated = Set(rule.args.map(\.index)).count < rule.args.count
        return repeated ? results.contains(true) : !results.contains(false)
    }

    private func holds(_ comparison: Seccomp.Argument, _ argument: UInt64, _ width: UInt64) -> Bool {
        let value = comparison.value & width
        return switch comparison.op {
        case .notEqual: argument != value
        case .lessThan: argument < value
        case .lessOrEqual: argument <= value
        case .equal: argument == value
        case .greaterOrEqual: argument >= value
        case .greaterThan: argument > value
        case .maskedEqual: argument & value == comparison.valueTwo & value
        }
    }

    private func value(_ action: Seccomp.Action, _ data: UInt32?) -> UInt32 {
        switch action {
        case .kill, .killThread: 0x0000_0000
        case .killProcess: 0x8000_0000
        case .trap: 0x0003_0000
        case .errno: 0x0005_0000 | (data ?? 1)
        case .notify: 0x7FC0_0000
        case .trace: 0x7FF0_0000 | (data ?? 1)
        case .log: 0x7FFC_0000
        case .allow: 0x7FFF_0000
        }
    }

    private func name(of number: UInt32, _ architecture: UInt32) -> String? {
        guard let name = seccomp_syscall_resolve_num_arch(architecture, Int32(bitPattern: number)) else { return nil }
        defer { free(name) }
        return String(cString: name)
    }
}
