import Bytes
public import Errors

extension Config {
    /// Reads config.json: its types, its ranges, and every rule that can be checked without looking at the host.
    ///
    /// - Throws: `invalidConfig` with the JSON pointer of what is wrong, what was found and what is allowed.
    public init(parsing text: [UInt8]) throws(RuntimeError) {
        let notes = DecodingNotes()
        self = try Config(JSONValue(config: text), notes)
        unknownProperties = notes.unknownProperties
        try validate()
    }

    private init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        ociVersion = try object.requiredVersion("ociVersion")
        process = try object.nested("process", Process.init)
        root = try Root(object.required("root"), notes)
        hostname = try object.text("hostname")
        domainname = try object.text("domainname")
        mounts = try object.list("mounts", Mount.init)
        hooks = try object.nested("hooks", Hooks.init) ?? Hooks()
        annotations = try object.map("annotations", Annotation.init)
        linux = try object.nested("linux", LinuxConfig.init) ?? LinuxConfig()
        unknownProperties = []
        object.ignore("solaris", "windows", "vm", "zos", "freebsd")
        object.finish()
    }
}

extension Process {
    /// Reads what `exec --process` is given: the same object as the `process` of a config.json, by the same rules.
    public init(parsing text: [UInt8]) throws(RuntimeError) {
        self = try Process(JSONValue(config: text), DecodingNotes())
        try validate(at: "")
    }
}

extension Resources {
    /// Reads what `update --resources` is given: the same object as `linux.resources` of a config.json, by the same rules.
    public init(parsing text: [UInt8]) throws(RuntimeError) {
        self = try Resources(JSONValue(config: text), DecodingNotes())
        try validate(at: "")
    }
}

extension JSONValue {
    fileprivate init(config text: [UInt8]) throws(RuntimeError) {
        do throws(JSONError) {
            self = try JSONValue(parsing: text)
        } catch {
            throw RuntimeError(error, in: text)
        }
    }
}

extension Root {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        path = try object.requiredText("path")
        readonly = try object.bool("readonly") ?? false
        object.finish()
    }
}

extension Annotation {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        key = member.key
        guard !key.isEmpty else { throw member.value.error("the key of an annotation must not be empty") }
        value = try member.value.text()
    }
}

extension Mount {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        destination = try object.requiredText("destination")
        type = try object.text("type")
        source = try object.text("source")
        options = try object.texts("options")
        uidMappings = try object.list("uidMappings", IDMapping.init)
        gidMappings = try object.list("gidMappings", IDMapping.init)
        object.finish()
    }
}

extension Hooks {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        prestart = try object.list("prestart", Hook.init)
        createRuntime = try object.list("createRuntime", Hook.init)
        createContainer = try object.list("createContainer", Hook.init)
        startContainer = try object.list("startContainer", Hook.init)
        poststart = try object.list("poststart", Hook.init)
        poststop = try object.list("poststop", Hook.init)
        object.finish()
    }
}

extension Hook {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        path = try object.requiredAbsolutePath("path")
        args = try object.texts("args")
        env = try object.environment("env")
        timeout = try object.integer("timeout", in: 1...Int(Int32.max))
        object.finish()
    }
}
