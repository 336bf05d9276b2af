import Bytes
public import Errors

extension Process {
    /// Reads the file of `exec --process`, which holds the same object as `process` in a config.json. The same rules apply.
    ///
    /// - Parameter text: The bytes of the file.
    /// - Returns: The process, and the JSON pointers of unknown properties.
    /// - Throws: `invalidConfig` with the JSON pointer of the wrong value.
    public static func parse(_ text: [UInt8]) throws(RuntimeError) -> (process: Process, unknownProperties: [String]) {
        let notes = DecodingNotes()
        let process = try Process(JSONValue(config: text), notes)
        try process.validate(at: "")
        return (process, notes.unknownProperties)
    }
}

extension Resources {
    /// Reads the file of `update --resources`, which holds the same object as `linux.resources` in a config.json. The same
    /// rules apply.
    ///
    /// - Parameter text: the bytes of the file.
    /// - Throws: `invalidConfig` with the JSON pointer of the wrong value.
    public init(parsing text: [UInt8]) throws(RuntimeError) {
        let notes = DecodingNotes()
        self = try Resources(JSONValue(config: text), notes)
        unknownProperties = notes.unknownProperties
    }
}

extension JSONValue {
    init(config text: [UInt8]) throws(RuntimeError) {
        do throws(JSONError) {
            self = try JSONValue(parsing: text)
        } catch {
            throw RuntimeError(error, in: text)
        }
    }
}

extension ObjectDecoder {
    /// Reads the version of the specification that the bundle follows. It must have the form of SemVer 2.0.0, be at least 1.0.0
    /// and be below 2.
    mutating func requiredVersion(_ name: StaticString) throws(RuntimeError) -> ByteString {
        let value = try required(name)
        let text = try value.text()
        guard let version = SpecificationVersion(text) else {
            throw value.error(quoted(text) + " is no version such as 1.3.0", hint: "see semver.org")
        }
        guard version.isSupported else {
            throw value.error("version " + quoted(text) + " of the specification isn't supported; known are 1.0.0 to below 2.0.0")
        }
        return text
    }
}

extension Root {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            path: object.requiredText("path"),
            readonly: object.bool("readonly") ?? false)
        object.finish()
    }
}

extension Annotation {
    init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        guard !member.key.isEmpty else { throw member.value.error("the key of an annotation must not be empty") }
        try self.init(key: member.key, value: member.value.text())
    }
}

extension Mount {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            destination: object.requiredText("destination"),
            type: object.text("type"),
            source: object.text("source"),
            options: object.texts("options"),
            uidMappings: object.mappings("uidMappings"),
            gidMappings: object.mappings("gidMappings"))
        object.finish()
    }
}

extension Hooks {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        self.init()
        var object = try ObjectDecoder(value, notes)
        prestart = try object.hooks(.prestart)
        createRuntime = try object.hooks(.createRuntime)
        createContainer = try object.hooks(.createContainer)
        startContainer = try object.hooks(.startContainer)
        poststart = try object.hooks(.poststart)
        poststop = try object.hooks(.poststop)
        object.finish()
    }
}

extension ObjectDecoder {
    /// Not inlined, so that all kinds of hooks share one copy of the code.
    @inline(never)
    fileprivate mutating func hooks(_ kind: Hook.Kind) throws(RuntimeError) -> [Hook] { try list(kind.name, Hook.init) }
}

extension Hook {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            path: object.requiredAbsolutePath("path"),
            args: object.texts("args"),
            env: object.optionalList("env") { (entry, _) throws(RuntimeError) in try entry.text() },
            timeout: object.integer("timeout", in: 1...Int(Int32.max)))
        object.finish()
    }
}
