import Bytes
import CLinux
import CSeccomp
import Testing

@testable import OCI

extension Seccomp {
    /// A profile for tests, with only the native architecture by default, and without flags.
    init(_ defaultAction: Action, errno: UInt32? = nil, architectures: [ByteString] = [], _ rules: Rule...) {
        self.init(
            defaultAction: defaultAction, defaultErrnoRet: errno, architectures: architectures, flags: [], listenerPath: nil,
            listenerMetadata: nil, rules: rules)
    }

    /// The profile of a configuration that an engine wrote.
    init(sample name: String) throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let path = folder + "/OCITests/Samples/" + name
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        self = try #require(Config(parsing: bytes).linux.seccomp)
    }

    static let threeArchitectures: [ByteString] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
}

/// The machine's own numbering of system calls.
enum Native {
    static let architecture = seccomp_arch_native()

    static func number(_ name: String) -> UInt32 { UInt32(bitPattern: seccomp_syscall_resolve_name(name)) }
}

extension Seccomp.Rule {
    init(_ action: Seccomp.Action, errno: UInt32? = nil, _ names: ByteString..., where arguments: [Seccomp.Argument] = []) {
        self.init(names: names, action: action, errnoRet: errno, args: arguments)
    }
}

extension Seccomp.Argument {
    init(_ index: UInt32, _ op: Seccomp.Operator, _ value: UInt64, _ valueTwo: UInt64 = 0) {
        self.init(index: index, value: value, valueTwo: valueTwo, op: op)
    }
}
