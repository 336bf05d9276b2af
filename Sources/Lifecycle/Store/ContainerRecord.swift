import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// What is kept of a container between two commands. It's small, since `state` reads no other file of the container.
struct ContainerRecord {
    /// How far `create` came.
    enum Stage: Sendable {
        /// `create` is under way, or has died.
        case creating
        /// `create` is done. Whether the container was started is told by its start socket.
        case created

        fileprivate var name: StaticString { self == .created ? "created" : "creating" }

        fileprivate init?(_ name: ByteString) {
            switch name {
            case "creating": self = .creating
            case "created": self = .created
            default: return nil
            }
        }
    }

    var stage: Stage
    var ociVersion: ByteString
    var id: ByteString
    var bundle: ByteString
    var rootfs: ByteString
    /// When the container was made, as RFC 3339 has it.
    var created: ByteString
    /// The user id of the command that made the container.
    var owner: UInt32
    var annotations: [Annotation]
    /// What making the container left on the host besides this record.
    var made: [MadeThing] = []
    /// Whether the container has a new pid namespace, so that all its processes end with the first one.
    var hasOwnPIDNamespace: Bool
    /// Whether the container has a session keyring of its own, which `exec` joins.
    var hasOwnKeyring: Bool
    /// Whether the container is in a time namespace of its own that the configuration may not name: criu restores processes
    /// into one. `exec` joins it.
    var hasRestoredTimeNamespace = false
    /// The program's name, if `start` needs nothing else of the configuration: see StartPlan.
    var program: ByteString?
    /// How its first process ended, if `run` kept the container.
    var exit: ExitStatus?
    /// The names of its standard streams at creation, for `checkpoint`: see StreamNames.
    var streams: [ByteString] = []

    /// The pid of the first process. 0 until there is one.
    var pid: Int32 { made.process?.pid ?? 0 }
    var cgroup: CgroupRecord? { made.cgroup }

    /// Version 1 had no checksum and no list of made things; version 2 had another checksum, and a cgroup's directories as objects.
    /// Containers that were made with them may still run.
    private static let version = 3

    /// The length in bytes of the longest record. It has the annotations, and thus nearly all that a config.json may hold;
    /// an escape of six bytes may stand there for one of config.json's.
    static let maximumLength = 6 * JSONValue.maximumLength + (1 << 20)

    static let damageHint = "delete --force ends and removes what the record, or a copy of it, tells of"

    /// The record as JSON, with its checksum.
    func encoded() -> [UInt8] {
        var bytes = members()
        // The checksum replaces the last brace and brings one of its own.
        bytes.removeLast()
        bytes += RecordChecksum.member(for: bytes[...])
        return bytes
    }

    private func members() -> [UInt8] {
        var json = JSONWriter(.compact)
        json.object { json in
            json.member("version", ContainerRecord.version)
            json.member("stage", stage.name)
            json.member("ociVersion", ociVersion)
            json.member("id", id)
            json.member("bundle", bundle)
            json.member("rootfs", rootfs)
            json.member("created", created)
            json.member("owner", owner)
            json.member("ownPIDNamespace", hasOwnPIDNamespace)
            json.member("ownKeyring", hasOwnKeyring)
            if hasRestoredTimeNamespace { json.member("restoredTimeNamespace", true) }
            if let program { json.member("program", program) }
            switch exit {
            case .exited(let status): json.member("exitStatus", status)
            case .killed(let signal): json.member("signal", signal)
            case nil: break
            }
            json.array("streams") { json in
                for stream in streams { json.element(stream) }
            }
            json.array("made") { json in
                for thing in made { thing.write(to: &json) }
            }
            json.object("annotations") { json in
                for annotation in annotations { json.member(named: annotation.key, annotation.value) }
            }
        }
        return json.bytes
    }

    /// Reads a record.
    ///
    /// - Parameters:
    ///   - bytes: What `encoded` returned.
    ///   - id: The id of the container whose record this must be.
    /// - Throws: `corruptState` for anything else: no command acts on a damaged record.
    init(decoding bytes: [UInt8], id: ByteString) throws(RuntimeError) {
        let damaged = RuntimeError(
            .corruptState, "the record of container \"" + id.displayText + "\" is damaged",
            hint: ContainerRecord.damageHint)
        guard let json = try? JSONValue(parsing: bytes, upTo: ContainerRecord.maximumLength),
            let version = json["version"]?.integer(as: Int.self),
            (1...ContainerRecord.version).contains(version),
            version == 1 || RecordChecksum.holds(for: bytes, isOld: version == 2),
            json["id"]?.string == id, let stage = json["stage"]?.string, let ociVersion = json["ociVersion"]?.string,
            let bundle = json["bundle"]?.string, let rootfs = json["rootfs"]?.string, let created = json["created"]?.string,
            let owner = json["owner"]?.integer(as: UInt32.self),
            let ownPID = json["ownPIDNamespace"]?.bool,
            let ownKeyring = json["ownKeyring"]?.bool, let stage = Stage(stage)
        else { throw damaged }
        self.stage = stage
        self.ociVersion = ociVersion
        self.id = id
        self.bundle = bundle
        self.rootfs = rootfs
        self.created = created
        self.owner = owner
        hasOwnPIDNamespace = ownPID
        hasOwnKeyring = ownKeyring
        annotations = []
        guard let isRestored = json["restoredTimeNamespace"].map({ $0.bool }) ?? false,
            let streams = ContainerRecord.streams(json["streams"]),
            let made = ContainerRecord.made(json, version),
            let annotated = json["annotations"], annotated.kind == .object
        else { throw damaged }
        hasRestoredTimeNamespace = isRestored
        program = json["program"]?.string
        if let status = json["exitStatus"]?.integer(as: Int32.self) { exit = .exited(status) }
        if let signal = json["signal"]?.integer(as: Int32.self) { exit = .killed(signal: signal) }
        self.streams = streams
        self.made = made
        for member in annotated.members {
            guard let value = member.value.string else { throw damaged }
            annotations.append(Annotation(key: member.key, value: value))
        }
    }

    private static func streams(_ json: JSONValue?) -> [ByteString]? {
        // Version 1 had none of them at first.
        guard let json else { return [] }
        guard json.kind == .array else { return nil }
        let names = json.elements.compactMap { $0.string }
        return names.count == json.count ? names : nil
    }

    private static func made(_ json: JSONValue, _ version: Int) -> [MadeThing]? {
        var made: [MadeThing] = []
        if version == 1 {
            made = [.hooks, .mounts]
            if let cgroup = json["cgroup"] {
                guard let record = CgroupRecord(cgroup) else { return nil }
                made.add(.cgroup(record))
            }
            guard let pid = json["pid"]?.integer(as: Int32.self) else { return nil }
            guard pid != 0 else { return made }
            guard let process = MadeProcess(json) else { return nil }
            made.add(.process(process))
        } else {
            guard let list = json["made"], list.kind == .array else { return nil }
            for entry in list.elements {
                guard let thing = MadeThing(entry) else { return nil }
                made.add(thing)
            }
        }
        return made
    }

    /// The first record of a container that is being made.
    init(_ plan: Plan, owner: UInt32, created: ByteString) {
        stage = .creating
        ociVersion = plan.identity.ociVersion
        id = plan.identity.id
        bundle = plan.identity.bundle
        rootfs = plan.rootfs.path
        self.created = created
        self.owner = owner
        annotations = plan.identity.annotations
        hasOwnPIDNamespace = plan.namespaces.origin(of: .pid) == .new
        hasOwnKeyring = plan.makesKeyring
        program = plan.plainProgram
        streams = StreamNames.current()
    }
}
