import Bytes
import CSeccomp

/// A numbering of system calls for which libseccomp has a table. A machine can have several: x86_64, x86 and x32, for instance.
struct Architecture: Equatable {
    // Bits of AUDIT_ARCH_*.
    private static let littleEndian: UInt32 = 0x4000_0000
    private static let wide: UInt32 = 0x8000_0000
    private static let mipsN32: UInt32 = 0x2000_0000

    static var native: Architecture { Architecture(token: seccomp_arch_native()) }

    /// A value of SCMP_ARCH_*.
    let token: UInt32

    /// Finds the architecture with the specification's name; nil if libseccomp has no table for it.
    init?(named name: ByteString) {
        let prefix: ByteString = "SCMP_ARCH_"
        guard name.hasPrefix(prefix) else { return nil }
        let lowercase = ByteString(name.bytes.dropFirst(prefix.count).map { $0.isLetter ? $0 | 0x20 : $0 })
        token = lowercase.withCString { seccomp_arch_resolve_name($0) }
        guard token != 0 else { return nil }
    }

    private init(token: UInt32) { self.token = token }

    /// The architecture of this name, if its calls may occur on this machine.
    static func possible(_ name: ByteString) -> Architecture? {
        guard let architecture = Architecture(named: name), architecture.canOccur else { return nil }
        return architecture
    }

    /// The value of AUDIT_ARCH_* that the kernel passes to filters. x32 shares the value of x86_64.
    var auditToken: UInt32 { token == c_scmp_arch_x32 ? c_scmp_arch_x86_64 : token }

    /// The numbers of its calls. Negative numbers aren't among them: a tracer sets -1 to skip a call.
    var numbers: Range<UInt32> {
        let x32Bit: UInt32 = 0x4000_0000
        let negative: UInt32 = 0x8000_0000
        return switch token {
        case c_scmp_arch_x32: x32Bit..<negative
        case c_scmp_arch_x86_64: 0..<x32Bit
        default: 0..<negative
        }
    }

    /// The range in which the kernel adds new calls. ARM's private calls are far above this range (`__ARM_NR_BASE`).
    var growingNumbers: Range<UInt32> { token == c_scmp_arch_arm ? 0..<0x0F_0000 : numbers }

    /// Whether its registers have 32 bits, or its programs use only 32 bits of them.
    var isNarrow: Bool { token & Self.wide == 0 || token & Self.mipsN32 != 0 }

    /// Whether its calls may occur on this machine. Only the byte order is compared.
    var canOccur: Bool { (token ^ seccomp_arch_native()) & Self.littleEndian == 0 }
}
