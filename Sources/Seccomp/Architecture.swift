import Bytes
import CLinux
import CSeccomp

/// One of the ways in which a machine numbers its system calls, and libseccomp's table for it.
struct Architecture: Equatable {
    /// A system call, by number.
    struct Call {
        let number: UInt32
        /// Where several calls share a number: what the first argument must be, so that it's this one.
        var selector: Comparison?
    }

    /// libseccomp's word for a name that it doesn't know (`__NR_SCMP_ERROR`).
    private static let unknownCall: Int32 = -1
    /// libseccomp's numbers for calls that are one of socketcall(2)'s or ipc(2)'s: -100 or -200 less that call's own.
    private static let socketCalls: ClosedRange<Int32> = -120 ... -101
    private static let interprocessCalls: ClosedRange<Int32> = -224 ... -201
    /// Bits of AUDIT_ARCH_*.
    private static let littleEndian: UInt32 = 0x4000_0000
    private static let wide: UInt32 = 0x8000_0000
    private static let mipsN32: UInt32 = 0x2000_0000

    static var native: Architecture { Architecture(token: seccomp_arch_native()) }

    /// SCMP_ARCH_*.
    private let token: UInt32

    /// From the specification's name. Nil where libseccomp has no table for it.
    init?(named name: ByteString) {
        let prefix: ByteString = "SCMP_ARCH_"
        guard name.hasPrefix(prefix) else { return nil }
        let lowercase = ByteString(name.bytes.dropFirst(prefix.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
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

    /// Whether any architecture has a call of this name.
    static func isKnown(_ name: ByteString) -> Bool {
        name.withCString { seccomp_syscall_resolve_name_arch(seccomp_arch_native(), $0) } != unknownCall
    }

    /// All the ways to do a call: none where the architecture lacks it, two where sockets are reached both through socketcall(2) and
    /// directly.
    func calls(named name: ByteString) -> [Call] {
        let number = resolve(name)
        if number >= 0 { return [Call(number: UInt32(number))] }
        if Self.socketCalls.contains(number) { return calls(named: name, sharing: "socketcall", selector: -number - 100) }
        if Self.interprocessCalls.contains(number) { return calls(named: name, sharing: "ipc", selector: -number - 200) }
        return []
    }

    private func calls(named name: ByteString, sharing shared: ByteString, selector: Int32) -> [Call] {
        let number = resolve(shared)
        guard number >= 0 else { return [] }
        // ipc(2) takes a version in the upper half of its first argument, and goes by the lower one alone.
        let comparison = Comparison(firstArgumentEquals: UInt64(selector), mask: 0xFFFF)
        let through = Call(number: UInt32(number), selector: comparison)
        return [through] + (directNumber(of: name, near: UInt32(number)).map { [Call(number: $0)] } ?? [])
    }

    /// libseccomp knows it, but answers to the name with the shared call: so the numbers are asked for their names.
    private func directNumber(of name: ByteString, near shared: UInt32) -> UInt32? {
        // MIPS begins at 4000.
        let first = shared / 1000 * 1000
        return (first..<first + 1000).first { number in
            guard let found = seccomp_syscall_resolve_num_arch(token, Int32(number)) else { return false }
            defer { free(found) }
            return ByteString(cString: found) == name
        }
    }

    private func resolve(_ name: ByteString) -> Int32 { name.withCString { seccomp_syscall_resolve_name_arch(token, $0) } }
}
