/// The OCI Runtime Specification that this program follows.
public enum Specification {
    /// What `ociVersion` of a state says, and the newest that a config may name.
    public static let version: StaticString = "1.3.0"
    /// The oldest version that a config may name.
    public static let oldestVersion: StaticString = "1.0.0"
}
