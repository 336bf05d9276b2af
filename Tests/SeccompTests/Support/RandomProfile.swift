import Bytes
import CSeccomp

@testable import OCI

/// SplitMix64, with the same numbers in every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = (seed &+ 1) &* 0xD134_2543_DE82_EF95 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

/// Profiles that no engine would write, and calls that are likely to meet their rules.
enum RandomProfile {
    private static let names: [ByteString] = [
        "read", "openat", "close", "mmap", "mprotect", "ioctl", "dup2", "getpid", "clone", "execve", "fcntl", "umask", "getuid",
        "ptrace", "prctl", "futex", "mknod", "personality", "mount", "unshare", "setns", "bpf", "seccomp", "memfd_create",
        "chown32",
        "_llseek", "arch_prctl", "clone3", "openat2", "faccessat2", "no_such_call",
    ]
    private static let interesting: [UInt64] = [
        0, 1, 2, 3, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0003,
        0x7FFF_FFFF_FFFF_FFFF, .max - 1, .max,
    ]

    static func make(_ random: inout Random) -> Seccomp {
        var profile = Seccomp(action(&random))
        if profile.defaultAction == .errno { profile.defaultErrnoRet = [nil, 1, 13, 38].randomElement(using: &random) ?? nil }
        profile.architectures = Seccomp.threeArchitectures.filter { _ in Bool.random(using: &random) }
        // Sometimes enough names for the filter to become a binary tree.
        for name in names.shuffled(using: &random).prefix(Int.random(in: 0...40, using: &random)) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let action = action(&random)
                let errno: UInt32? = action == .errno || action == .trace ? UInt32.random(in: 1...200, using: &random) : nil
                let arguments = (0..<Int.random(in: 0...4, using: &random)).map { _ in comparison(&random) }
                profile.rules.append(Seccomp.Rule(action, errno: errno, name, where: arguments))
            }
        }
        return profile
    }

    static func call(for profile: Seccomp, _ random: inout Random) -> ObservedCall {
        let token = [c_scmp_arch_x86_64, c_scmp_arch_x86, c_scmp_arch_x32].randomElement(using: &random) ?? c_scmp_arch_x86
        var call = ObservedCall(
            architecture: token == c_scmp_arch_x32 ? c_scmp_arch_x86_64 : token,
            number: UInt32.random(in: 0..<600, using: &random))
        if token == c_scmp_arch_x32 { call.number |= ProfileReading.x32Bit }
        // In nine of ten cases, a call that the profile names.
        if let rule = profile.rules.randomElement(using: &random), UInt8.random(in: 0..<10, using: &random) > 0 {
            let number = (rule.names.first ?? "read").withCString { seccomp_syscall_resolve_name_arch(token, $0) }
            if number >= 0 { call.number = UInt32(number) }
            for comparison in rule.args { call.arguments[Int(comparison.index)] = near(comparison, &random) }
        }
        return call
    }

    private static func action(_ random: inout Random) -> Seccomp.Action {
        Seccomp.Action.allCases.randomElement(using: &random) ?? .allow
    }

    private static func value(_ random: inout Random) -> UInt64 { interesting.randomElement(using: &random) ?? 0 }

    private static func comparison(_ random: inout Random) -> Seccomp.Argument {
        Seccomp.Argument(
            UInt32.random(in: 0..<6, using: &random), Seccomp.Operator.allCases.randomElement(using: &random) ?? .equal,
            value(&random), value(&random))
    }

    /// A value that meets the comparison, or nearly meets it.
    private static func near(_ comparison: Seccomp.Argument, _ random: inout Random) -> UInt64 {
        switch UInt8.random(in: 0..<6, using: &random) {
        case 0: comparison.value
        case 1: comparison.value &+ 1
        case 2: comparison.value &- 1
        case 3: comparison.valueTwo & comparison.value
        case 4: comparison.value ^ 0x1_0000_0000
        default: value(&random)
        }
    }
}
