import Bytes
import Errors

extension Process {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let terminal = try object.bool("terminal") ?? false
        try self.init(
            terminal: terminal,
            consoleSize: object.consoleSize("consoleSize", isUsed: terminal),
            cwd: object.requiredAbsolutePath("cwd"),
            env: object.environment("env"),
            args: object.arguments("args"),
            user: object.nested("user", User.init) ?? User(uid: 0, gid: 0, umask: nil, additionalGids: []),
            rlimits: object.list("rlimits", ResourceLimit.init),
            capabilities: object.nested("capabilities", Capabilities.init),
            noNewPrivileges: object.bool("noNewPrivileges") ?? false,
            apparmorProfile: object.text("apparmorProfile"),
            selinuxLabel: object.text("selinuxLabel"),
            oomScoreAdj: object.integer("oomScoreAdj", in: -1000...1000),
            scheduler: object.nested("scheduler", Scheduler.init),
            ioPriority: object.nested("ioPriority", IOPriority.init),
            execCPUAffinity: object.nested("execCPUAffinity", ExecCPUAffinity.init))
        object.ignore("commandLine")
        object.finish()
    }
}

extension ObjectDecoder {
    /// Reads the console's size. Without a terminal the specification wants the property ignored, whatever it holds.
    fileprivate mutating func consoleSize(_ name: StaticString, isUsed: Bool) throws(RuntimeError) -> ConsoleSize? {
        guard let value = value(name), isUsed else { return nil }
        return try ConsoleSize(value, notes)
    }

    /// Reads the arguments: at least one, and the first one isn't empty, because it's the `file` of execvp(3).
    fileprivate mutating func arguments(_ name: StaticString) throws(RuntimeError) -> [ByteString] {
        let value = try required(name)
        guard value.kind == .array else { throw value.mismatch("an array") }
        var arguments: [ByteString] = []
        arguments.reserveCapacity(value.count)
        for element in value.elements {
            arguments.append(try arguments.isEmpty ? element.filledText() : element.text())
        }
        guard !arguments.isEmpty else { throw value.error("must have at least one entry, the program to run") }
        return arguments
    }

    /// Reads entries of the form NAME=VALUE. The messages don't quote an entry, because it may hold a secret.
    fileprivate mutating func environment(_ name: StaticString) throws(RuntimeError) -> [ByteString] {
        try list(name) { (value, _) throws(RuntimeError) in
            let entry = try value.text()
            guard let equals = entry.bytes.firstIndex(of: UInt8(ascii: "=")) else {
                throw value.error("an environment entry must be NAME=VALUE, this one has no \"=\"")
            }
            guard equals > 0 else { throw value.error("the name of an environment variable must not be empty") }
            return entry
        }
    }
}

extension ConsoleSize {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            height: object.requiredInteger("height"),
            width: object.requiredInteger("width"))
        object.finish()
    }
}

extension User {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            uid: object.requiredInteger("uid", in: validIDs),
            gid: object.requiredInteger("gid", in: validIDs),
            umask: object.integer("umask", in: 0...0o777),
            additionalGids: object.list("additionalGids") { (gid, _) throws(RuntimeError) in try gid.integer(in: validIDs) })
        object.ignore("username")
        object.finish()
    }
}

/// User and group ids. The kernel reads the highest number, 2^32 - 1, as -1, which means "don't change it" or "nobody".
let validIDs: ClosedRange<UInt32> = 0...UInt32.max - 1

extension ResourceLimit {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            resource: object.requiredChoice("type", Names.resource),
            soft: object.requiredInteger("soft"),
            hard: object.requiredInteger("hard"))
        object.finish()
        guard soft <= hard else {
            throw value.error("the soft limit " + decimal(soft) + " is above the hard limit " + decimal(hard))
        }
    }
}

extension Capabilities {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        self.init()
        var object = try ObjectDecoder(value, notes)
        bounding = try object.texts("bounding")
        effective = try object.texts("effective")
        inheritable = try object.texts("inheritable")
        permitted = try object.texts("permitted")
        ambient = try object.texts("ambient")
        object.finish()
    }
}

extension Scheduler {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            policy: object.requiredChoice("policy", Names.schedulerPolicy),
            nice: object.integer("nice", in: -20...19) ?? 0,
            priority: object.integer("priority", in: 0...99) ?? 0,
            flags: object.flags("flags", Names.schedulerFlag),
            runtime: object.integer("runtime") ?? 0,
            deadline: object.integer("deadline") ?? 0,
            period: object.integer("period") ?? 0)
        object.finish()
    }
}

extension IOPriority {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        let `class` = try object.requiredChoice("class", Names.ioPriorityClass)
        // The idle class has only one priority (ioprio_set(2)), so the property may be absent.
        let priority: Int32? = try object.integer("priority", in: 0...7) ?? (`class` == .idle ? 0 : nil)
        guard let priority else { throw object.missing("priority") }
        self.init(class: `class`, priority: priority)
        object.finish()
    }
}

extension ExecCPUAffinity {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        try self.init(
            initial: object.checkedText("initial"),
            final: object.checkedText("final"))
        object.finish()
    }
}
