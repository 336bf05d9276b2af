public import Bytes

/// config.json of a bundle, as far as Linux is concerned. Source: runtime-spec 1.3.0, config.md and config-linux.md.
///
/// Optional values are nil where the document leaves them out; lists are empty.
public struct Config: Sendable {
    public var ociVersion: ByteString
    public var root: Root?
    public var process: Process?
    public var hostname: ByteString?
    public var domainname: ByteString?
    public var mounts: [Mount]
    public var hooks: Hooks
    public var annotations: [Annotation]
    public var linux: LinuxConfig
    /// JSON pointers of properties that no version of the specification knows: ignored, but named by `--debug`.
    public var unknownProperties: [String]
}

public struct Root: Sendable {
    /// Absolute, or relative to the bundle.
    public var path: ByteString
    public var readonly: Bool
}

public struct Annotation: Sendable {
    public var key: ByteString
    public var value: ByteString

    public init(key: ByteString, value: ByteString) {
        self.key = key
        self.value = value
    }
}

public struct Mount: Sendable {
    /// Absolute in the container; a relative one counts from "/".
    public var destination: ByteString
    public var type: ByteString?
    public var source: ByteString?
    public var options: [ByteString]
    public var uidMappings: [IDMapping]
    public var gidMappings: [IDMapping]
}

/// config.md, "POSIX-platform Hooks".
public struct Hook: Sendable {
    public var path: ByteString
    public var args: [ByteString]
    /// nil where the document has none: the hook's environment is empty then.
    public var env: [ByteString]?
    /// Seconds, more than 0.
    public var timeout: Int?

    public init(path: ByteString, args: [ByteString], env: [ByteString]?, timeout: Int?) {
        self.path = path
        self.args = args
        self.env = env
        self.timeout = timeout
    }
}

public struct Hooks: Sendable {
    public var prestart: [Hook] = []
    public var createRuntime: [Hook] = []
    public var createContainer: [Hook] = []
    public var startContainer: [Hook] = []
    public var poststart: [Hook] = []
    public var poststop: [Hook] = []
}
