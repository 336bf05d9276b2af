public import Bytes
import CLinux

/// The environment that this program was started with. Nothing here changes it.
public enum OwnEnvironment {
    /// All entries, "NAME=VALUE" each.
    public static var entries: [ByteString] {
        var entries: [ByteString] = []
        while let entry = c_environment(Int32(entries.count)) { entries.append(ByteString(cString: entry)) }
        return entries
    }

    /// The value of a variable; nil if it isn't set. The corresponding C function is `getenv`.
    public static func value(of name: ByteString) -> ByteString? {
        name.withCString { getenv($0) }.map { ByteString(cString: $0) }
    }
}
