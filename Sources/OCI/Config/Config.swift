public import Bytes
public import Errors

/// A bundle's config.json, without the properties of other operating systems. Source: runtime-spec 1.3.0, config.md and
/// config-linux.md.
///
/// Properties have the names and the meanings of the specification. If the document leaves a property out, an optional value is
/// nil and a list is empty. This is a class because it never changes after decoding, and because each copy of such a large
/// struct would cost much code.
public final class Config: Sendable {
    public let ociVersion: ByteString
    public let root: Root?
    public let process: Process?
    public let hostname: ByteString?
    public let domainname: ByteString?
    public let mounts: [Mount]
    public let hooks: Hooks
    public let annotations: [Annotation]
    public let linux: LinuxConfig
    /// JSON pointers of properties that no version of the specification defines. They are ignored, with a warning.
    public let unknownProperties: [String]

    /// Reads config.json: its types, its ranges, and every rule that can be checked without looking at the host.
    ///
    /// - Parameter text: the bytes of the file.
    /// - Throws: `invalidConfig` with the JSON pointer of the wrong value, what was found and what is allowed.
    public convenience init(parsing text: [UInt8]) throws(RuntimeError) {
        try self.init(decoding: JSONValue(config: text))
        try validate()
    }

    /// Reads the document's types and ranges, but not the rules that concern several properties: see `validate`.
    init(decoding document: JSONValue) throws(RuntimeError) {
        let notes = DecodingNotes()
        var object = try ObjectDecoder(document, notes)
        ociVersion = try object.requiredVersion("ociVersion")
        root = try Root(object.required("root"), notes)
        process = try object.nested("process", Process.init)
        hostname = try object.text("hostname")
        domainname = try object.text("domainname")
        mounts = try object.list("mounts", Mount.init)
        hooks = try object.nested("hooks", Hooks.init) ?? Hooks()
        annotations = try object.map("annotations", Annotation.init)
        linux = try object.nested("linux", LinuxConfig.init) ?? LinuxConfig()
        object.ignore("solaris", "windows", "vm", "zos", "freebsd")
        object.finish()
        unknownProperties = notes.unknownProperties
    }
}

/// The container's root file system: config.md, "Root".
public struct Root: Sendable {
    /// An absolute path, or one relative to the bundle.
    public var path: ByteString
    public var readonly: Bool
}

/// An entry of `annotations`: config.md, "Annotations".
public struct Annotation: Sendable {
    public var key: ByteString
    public var value: ByteString

    /// Makes an annotation.
    public init(key: ByteString, value: ByteString) {
        self.key = key
        self.value = value
    }
}

/// An entry of `mounts`: config.md, "Mounts".
public struct Mount: Sendable {
    /// A path in the container. A relative path counts from "/".
    public var destination: ByteString
    public var type: ByteString?
    public var source: ByteString?
    public var options: [ByteString]
    public var uidMappings: [IDMapping]
    public var gidMappings: [IDMapping]

    /// Makes an entry.
    public init(
        destination: ByteString, type: ByteString?, source: ByteString?, options: [ByteString], uidMappings: [IDMapping] = [],
        gidMappings: [IDMapping] = []
    ) {
        self.destination = destination
        self.type = type
        self.source = source
        self.options = options
        self.uidMappings = uidMappings
        self.gidMappings = gidMappings
    }
}

/// A program that runs at one point of a container's life: config.md, "POSIX-platform Hooks".
public struct Hook: Sendable {
    /// When the hook runs, in the order of a container's life.
    public enum Kind: CaseIterable, Sendable {
        case prestart, createRuntime, createContainer, startContainer, poststart, poststop

        /// The name in the document.
        public var name: StaticString {
            switch self {
            case .prestart: "prestart"
            case .createRuntime: "createRuntime"
            case .createContainer: "createContainer"
            case .startContainer: "startContainer"
            case .poststart: "poststart"
            case .poststop: "poststop"
            }
        }
    }

    public var path: ByteString
    public var args: [ByteString]
    /// nil if the document has no such property: the hook's environment is empty then.
    public var env: [ByteString]?
    /// Seconds, more than 0.
    public var timeout: Int?

    /// Makes a hook.
    public init(path: ByteString, args: [ByteString], env: [ByteString]?, timeout: Int?) {
        self.path = path
        self.args = args
        self.env = env
        self.timeout = timeout
    }
}

/// The hooks of a container, each list in the document's order.
public struct Hooks: Sendable {
    public var prestart: [Hook] = []
    public var createRuntime: [Hook] = []
    public var createContainer: [Hook] = []
    public var startContainer: [Hook] = []
    public var poststart: [Hook] = []
    public var poststop: [Hook] = []

    /// All hooks, in the order of a container's life.
    public var byKind: [(kind: Hook.Kind, hooks: [Hook])] {
        @inline(never)
        get {
            [
                (.prestart, prestart), (.createRuntime, createRuntime), (.createContainer, createContainer),
                (.startContainer, startContainer), (.poststart, poststart), (.poststop, poststop),
            ]
        }
    }
}
