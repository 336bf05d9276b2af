public import Bytes
import CSeccomp
import Linux
import OCI

/// The seccomp features of this program and its libseccomp, with the names of config.json. See features-linux.md, "Seccomp".
public enum SeccompFeatures {
    /// The version of libseccomp, such as "2.5.4".
    @inline(never)
    public static var libraryVersion: String {
        guard let version = seccomp_version()?.pointee else { return "unknown" }
        return String(Int(version.major)) + "." + String(Int(version.minor)) + "." + String(Int(version.micro))
    }

    /// The specification's architectures for which libseccomp has tables.
    public static var architectures: [ByteString] {
        SpecificationNames.seccompArchitectures.filter { Architecture(named: $0) != nil }
    }

    /// The specification's flags.
    public static var knownFlags: [ByteString] { SpecificationNames.seccompFlags.map { $0.name } }

    /// The flags that the running kernel knows, too.
    public static var supportedFlags: [ByteString] {
        SpecificationNames.seccompFlags.filter { SeccompFlags.kernelKnows($0.flag) }.map { $0.name }
    }
}
