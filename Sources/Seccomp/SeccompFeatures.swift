public import Bytes
import CLinux
import CSeccomp
import Linux
import OCI

/// What this program and its libseccomp know of seccomp. See features-linux.md, "Seccomp": the names are config.json's.
public enum SeccompFeatures {
    /// "2.5.4".
    public static var libraryVersion: String {
        guard let version = seccomp_version()?.pointee else { return "unknown" }
        return "\(Int(version.major)).\(Int(version.minor)).\(Int(version.micro))"
    }

    public static var actions: [ByteString] {
        [
            "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
            "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
        ]
    }

    public static var operators: [ByteString] {
        [
            "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
        ]
    }

    /// Those of the specification that libseccomp has tables for.
    public static var architectures: [ByteString] { specified.filter { Architecture(named: $0) != nil } }

    public static var knownFlags: [ByteString] { SeccompFlags.names.map { $0.name } }

    /// The known flags that the running kernel knows, too.
    public static var supportedFlags: [ByteString] {
        SeccompFlags.names.filter { SeccompFlags.kernelKnows($0.flag) }.map { $0.name }
    }

    private static var specified: [ByteString] {
        [
            "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
            "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",
            "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390",
            "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
        ]
    }
}
