import Bytes
import Errors

extension LinuxConfig {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        self.init()
        var object = try ObjectDecoder(value, notes)
        uidMappings = try object.mappings("uidMappings")
        gidMappings = try object.mappings("gidMappings")
        sysctl = try object.map("sysctl", Sysctl.init)
        resources = try object.nested("resources", Resources.init) ?? Resources()
        cgroupsPath = try object.text("cgroupsPath")
        namespaces = try object.list("namespaces", Namespace.init)
        devices = try object.list("devices", Device.init)
        netDevices = try object.map("netDevices", NetDevice.init)
        seccomp = try object.nested("seccomp", Seccomp.init)
        rootfsPropagation = try object.choice("rootfsPropagation", Names.propagation)
        maskedPaths = try object.pathsBelowRoot("maskedPaths")
        readonlyPaths = try object.pathsBelowRoot("readonlyPaths")
        mountLabel = try object.text("mountLabel")
        intelRdt = try object.nested("intelRdt", IntelRdt.init)
        memoryPolicy = try object.nested("memoryPolicy", MemoryPolicy.init)
        personality = try object.nested("personality", Personality.init)
        timeOffsets = try object.nested("timeOffsets", TimeOffsets.init)
        object.finish()
    }
}

// Functions for several properties aren't inlined, so that the properties share one copy of the code.
extension ObjectDecoder {
    @inline(never)
    mutating func mappings(_ name: StaticString) throws(RuntimeError) -> [IDMapping] { try list(name, IDMapping.init) }

    /// Reads a list of paths in the container. The specification wants absolute paths, but its own test suite has relative
    /// ones, which count from "/".
    @inline(never)
    fileprivate mutating func pathsBelowRoot(_ name: StaticString) throws(RuntimeError) -> [ByteString] {
        try list(name) { (value, _) throws(RuntimeError) in
            let path = try value.filledText()
            return path.bytes.first == UInt8(ascii: "/") ? path : "/" + path
        }
    }
}

extension Namespace {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            kind: object.requiredChoice("type", Names.namespace),
            path: object.absolutePath("path"))
        object.finish()
    }
}

extension IDMapping {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            containerID: object.requiredInteger("containerID", in: validIDs),
            hostID: object.requiredInteger("hostID", in: validIDs),
            size: object.requiredInteger("size", in: 1...UInt32.max))
        object.finish()
    }
}

extension TimeOffsets {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        self.init()
        guard value.kind == .object else { throw value.mismatch("an object") }
        for member in value.members where member.value.kind != .null {
            let offset = try Offset(member.value, notes)
            if member.isNamed("monotonic") {
                monotonic = offset
            } else if member.isNamed("boottime") {
                boottime = offset
            } else {
                throw member.value.error(quoted(member.key) + " is no clock with an offset; known are monotonic, boottime")
            }
        }
    }
}

extension TimeOffsets.Offset {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            secs: object.integer("secs") ?? 0,
            nanosecs: object.integer("nanosecs", in: 0...999_999_999) ?? 0)
        object.finish()
    }
}

extension Device {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let kind = try object.requiredChoice("type", Names.device)
        // A fifo has no device numbers, so the two properties are ignored.
        if kind == .fifo { object.ignore("major", "minor") }
        let path = try object.requiredAbsolutePath("path")
        let number = kind == .fifo ? nil : try DeviceNumber(of: &object)
        try self.init(
            kind: kind,
            path: path,
            major: number?.major ?? 0,
            minor: number?.minor ?? 0,
            // Engines send st_mode as stat(2) returns it, with the bits of the file's type.
            fileMode: object.integer("fileMode", in: 0...0o177777).map { $0 & 0o7777 },
            uid: object.integer("uid", in: validIDs),
            gid: object.integer("gid", in: validIDs))
        object.finish()
    }
}

extension NetDevice {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(member.value, notes)
        let name = try object.text("name")
        object.finish()
        host = try member.value.checked(member.key)
        self.name = if let name { try member.value.checked(name) } else { nil }
    }
}

extension Sysctl {
    fileprivate init(_ member: JSONValue.Member, _ notes: DecodingNotes) throws(RuntimeError) {
        let value = try member.value.text()
        try self.init(key: member.value.checked(member.key, hint: "names look like net.ipv4.ip_forward"), value: value)
        guard !value.contains(UInt8(ascii: "\n")) else { throw member.value.error("the value must be a single line") }
    }
}

extension Personality {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        self = try object.requiredChoice("domain", Names.personality)
        if let flags = object.value("flags") {
            guard flags.kind == .array else { throw flags.mismatch("an array") }
            guard flags.count == 0 else { throw flags.error("the specification has no flag of a personality yet") }
        }
        object.finish()
    }
}
