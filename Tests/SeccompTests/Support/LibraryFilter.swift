import Bytes
import CLinux
import CSeccomp
import Linux
import Testing

@testable import OCI

/// libseccomp's own translation of a profile, which other runtimes use. Only for profiles for which libseccomp is known to
/// finish.
enum LibraryFilter {
    static func instructions(for profile: Seccomp) throws -> [UInt8] {
        let ordinary = value(profile.defaultAction, profile.defaultErrnoRet)
        let context = try #require(seccomp_init(ordinary))
        defer { seccomp_release(context) }
        for name in profile.architectures {
            let token = String(decoding: name.bytes.dropFirst("SCMP_ARCH_".count), as: UTF8.self).lowercased()
                .withCString(seccomp_arch_resolve_name)
            try #require([0, -EEXIST].contains(seccomp_arch_add(context, token)))
        }
        for rule in profile.rules where value(rule.action, rule.errnoRet) != ordinary {
            let comparisons = rule.args.map {
                scmp_arg_cmp(arg: $0.index, op: scmp_compare(rawValue: number($0.op)), datum_a: $0.value, datum_b: $0.valueTwo)
            }
            for name in rule.names {
                let call = name.withCString { seccomp_syscall_resolve_name($0) }
                guard call != -1 else { continue }
                let action = value(rule.action, rule.errnoRet)
                try #require(seccomp_rule_add_array(context, action, call, UInt32(comparisons.count), comparisons) == 0)
            }
        }
        let file = FileDescriptor(adopting: memfd_create("filter", UInt32(MFD_CLOEXEC)))
        try #require(seccomp_export_bpf(context, file.rawValue) == 0)
        try #require(lseek(file.rawValue, 0, SEEK_SET) == 0)
        return try file.readAll(limit: 1 << 20)
    }

    private static func value(_ action: Seccomp.Action, _ errno: UInt32?) -> UInt32 {
        action == .errno ? 0x0005_0000 | (errno ?? 1) : 0x7FFF_0000
    }

    /// The number of SCMP_CMP_*, for the operators in engines' profiles.
    private static func number(_ op: Seccomp.Operator) -> UInt32 {
        switch op {
        case .notEqual: 1
        case .lessThan: 2
        case .lessOrEqual: 3
        case .equal: 4
        case .greaterOrEqual: 5
        case .greaterThan: 6
        case .maskedEqual: 7
        }
    }
}
