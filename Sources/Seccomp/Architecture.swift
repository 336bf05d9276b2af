import Bytes
import CSeccomp

/// One of the ways in which a machine numbers its system calls, and libseccomp's table for it.
struct Architecture: Equatable {
    /// Bits of AUDIT_ARCH_*.
    private static let littleEndian: UInt32 = 0x4000_0000
    private static let wide: UInt32 = 0x8000_0000
    private static let mipsN32: UInt32 = 0x2000_0000

    static var native: Architecture { Architecture(token: seccomp_arch_native()) }

    /// SCMP_ARCH_*.
    let token: UInt32

    /// From the specification's name. Nil where libseccomp has no table for it.
    init?(named name: ByteString) {
        let prefix: ByteString = "SCMP_ARCH_"
        guard name.hasPrefix(prefix) else { return nil }
        let lowercase = ByteString(name.bytes.dropFirst(prefix.count).map { $0.isLetter ? $0 | 0x20 : $0 })
        token = lowercase.withCString { seccomp_arch_resolve_name($0) }
        guard token != 0 else { return nil }
    }

    private init(token: UInt32) { self.token = token }

    /// AUDIT_ARCH_*, as the kernel tells it to filters: x32 goes by x86_64's.
    var auditToken: UInt32 { token == c_scmp_arch_x32 ? c_scmp_arch_x86_64 : token }

    /// Its numbers. Below zero lies -1, which a tracer sets to skip a call.
    var numbers: Range<UInt32> {
        let x32Bit: UInt32 = 0x4000_0000
        let negative: UInt32 = 0x8000_0000
        return switch token {
        case c_scmp_arch_x32: x32Bit..<negative
        case c_scmp_arch_x86_64: 0..<x32Bit
        default: 0..<negative
        }
    }

    /// Those to which new calls are added. ARM has a handful of its own far above them (`__ARM_NR_BASE`).
    var growingNumbers: Range<UInt32> { token == c_scmp_arch_arm ? 0..<0x0F_0000 : numbers }

    /// Its registers have 32 bits, or its programs use no more of them.
    var isNarrow: Bool { token & Self.wide == 0 || token & Self.mipsN32 != 0 }

    /// Its calls can occur on this machine, as far as the byte order tells.
    var canOccur: Bool { (token ^ seccomp_arch_native()) & Self.littleEndian == 0 }
}
