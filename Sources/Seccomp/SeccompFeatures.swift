public import Bytes
import CSeccomp
import Linux
import OCI

/// What this program and its libseccomp know of seccomp. See features-linux.md, "Seccomp": the names are config.json's.
public enum SeccompFeatures {
    /// "2.5.4".
    @inline(never)
    public static var libraryVersion: String {
        guard let version = seccomp_version()?.pointee else { return "unknown" }
        return String(Int(version.major)) + "." + String(Int(version.minor)) + "." + String(Int(version.micro))
    }

    /// Those of the specification that libseccomp has tables for.
    public static var architectures: [ByteString] {
        SpecificationNames.seccompArchitectures.filter { Architecture(named: $0) != nil }
    }

    public static var knownFlags: [ByteString] { SpecificationNames.seccompFlags.map { $0.name } }

    /// The known flags that the running kernel knows, too.
    public static var supportedFlags: [ByteString] {
        SpecificationNames.seccompFlags.filter { SeccompFlags.kernelKnows($0.flag) }.map { $0.name }
    }
}
