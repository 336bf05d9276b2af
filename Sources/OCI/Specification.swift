/// The versions of the OCI Runtime Specification that this program supports.
public enum Specification {
    /// The version whose properties this program knows: `ociVersionMax` in the output of `features`. A config may name a newer
    /// version below 2.0.0.
    public static let version: StaticString = "1.3.0"
    /// The oldest version that a config may name: `ociVersionMin` in the output of `features`.
    public static let oldestVersion: StaticString = "1.0.0"
}
