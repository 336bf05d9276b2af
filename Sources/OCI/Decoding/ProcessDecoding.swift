import Bytes
import Errors

extension Process {
    init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        terminal = try object.bool("terminal") ?? false
        let size = object.value("consoleSize")
        consoleSize = try terminal ? size.map { value throws(RuntimeError) in try ConsoleSize(value, notes) } : nil
        user = try object.nested("user", User.init) ?? User(uid: 0, gid: 0, umask: nil, additionalGids: [])
        args = try object.arguments("args")
        env = try object.environment("env") ?? []
        cwd = try object.requiredAbsolutePath("cwd")
        capabilities = try object.nested("capabilities", Capabilities.init)
        rlimits = try object.list("rlimits", ResourceLimit.init)
        noNewPrivileges = try object.bool("noNewPrivileges") ?? false
        apparmorProfile = try object.text("apparmorProfile")
        oomScoreAdj = try object.integer("oomScoreAdj", in: -1000...1000)
        selinuxLabel = try object.text("selinuxLabel")
        scheduler = try object.nested("scheduler", Scheduler.init)
        ioPriority = try object.nested("ioPriority", IOPriority.init)
        execCPUAffinity = try object.nested("execCPUAffinity", ExecCPUAffinity.init)
        object.ignore("commandLine")
        object.finish()
    }
}

extension ObjectDecoder {
    /// At least one, the first not empty: execvp(3)'s `file`.
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

    /// "NAME=VALUE" each. The messages don't repeat an entry: it may hold a secret.
    mutating func environment(_ name: StaticString) throws(RuntimeError) -> [ByteString]? {
        guard let value = value(name) else { return nil }
        guard value.kind == .array else { throw value.mismatch("an array") }
        var environment: [ByteString] = []
        environment.reserveCapacity(value.count)
        for element in value.elements {
            let entry = try element.text()
            guard let equals = entry.bytes.firstIndex(of: UInt8(ascii: "=")) else {
                throw element.error("an environment entry must be NAME=VALUE, this one has no \"=\"")
            }
            guard equals > 0 else { throw element.error("the name of an environment variable must not be empty") }
            environment.append(entry)
        }
        return environment
    }
}

extension ConsoleSize {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        height = try object.requiredInteger("height")
        width = try object.requiredInteger("width")
        object.finish()
    }
}

extension User {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        uid = try object.requiredInteger("uid", in: validIDs)
        gid = try object.requiredInteger("gid", in: validIDs)
        umask = try object.integer("umask", in: 0...0o777)
        additionalGids = try object.list("additionalGids") { (gid, _) throws(RuntimeError) in try gid.integer(in: validIDs) }
        object.ignore("username")
        object.finish()
    }
}

/// 2^32 - 1 is -1 to the kernel: "leave it as it is", or no one.
let validIDs: ClosedRange<UInt32> = 0...UInt32.max - 1

extension ResourceLimit {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        resource = try object.requiredChoice("type", Names.resource)
        hard = try object.requiredInteger("hard")
        soft = try object.requiredInteger("soft")
        object.finish()
        guard soft <= hard else { throw value.error("the soft limit \(decimal(soft)) is above the hard limit \(decimal(hard))") }
    }
}

extension Capabilities {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
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
        policy = try object.requiredChoice("policy", Names.schedulerPolicy)
        nice = try object.integer("nice", in: -20...19) ?? 0
        priority = try object.integer("priority", in: 0...99) ?? 0
        flags = try object.flags("flags", Names.schedulerFlag)
        runtime = try object.integer("runtime") ?? 0
        deadline = try object.integer("deadline") ?? 0
        period = try object.integer("period") ?? 0
        object.finish()
    }
}

extension IOPriority {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        `class` = try object.requiredChoice("class", Names.ioPriorityClass)
        priority = try object.requiredInteger("priority", in: 0...7)
        object.finish()
    }
}

extension ExecCPUAffinity {
    fileprivate init(_ value: JSONValue, _ notes: DecodingNotes) throws(RuntimeError) {
        var object = try ObjectDecoder(value, notes)
        initial = try object.numberList("initial") ?? ""
        final = try object.numberList("final") ?? ""
        object.finish()
    }
}
