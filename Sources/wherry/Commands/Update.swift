import Bytes
import Errors
import Lifecycle
import OCI

enum Update {
    private static let resources = Option(
        "resources", short: "r", value: .text("FILE"),
        "read what linux.resources of a config.json would hold from FILE, or from standard input for -; no other option counts then"
    )
    private static let l3CacheSchema = Option(
        "l3-cache-schema", value: .text("SCHEMA"), "share of the L3 cache of its resctrl group, such as L3:0=7f0")
    private static let memoryBandwidthSchema = Option(
        "mem-bw-schema", value: .text("SCHEMA"), "share of memory bandwidth of its resctrl group, such as MB:0=20")
    /// Options for limits that the kernel no longer has.
    private static let obsolete = [
        Option("kernel-memory", value: .text("BYTES"), "obsolete", isHidden: true),
        Option("kernel-memory-tcp", value: .text("BYTES"), "obsolete", isHidden: true),
    ]

    /// A property of `linux.resources` that has its own option.
    fileprivate struct Setting {
        enum Kind { case number, bytes, text }

        let name: StaticString
        let kind: Kind
        let property: StaticString
        let summary: StaticString

        var option: Option {
            let value: StaticString =
                switch kind {
                case .number: "N"
                case .bytes: "BYTES"
                case .text: "LIST"
                }
            return Option(name, value: .text(value), summary)
        }

        init(_ name: StaticString, _ kind: Kind, _ property: StaticString, _ summary: StaticString) {
            self.name = name
            self.kind = kind
            self.property = property
            self.summary = summary
        }
    }

    private static let memory = [
        Setting("memory", .bytes, "limit", "memory in bytes, or with a unit: 512m"),
        Setting("memory-reservation", .bytes, "reservation", "memory that the kernel spares longest"),
        Setting("memory-swap", .bytes, "swap", "memory and swap together"),
    ]
    private static let cpu = [
        Setting("cpu-share", .number, "shares", "weight among others, 1024 being the usual one"),
        Setting("cpu-quota", .number, "quota", "microseconds of CPU in a period"),
        Setting("cpu-period", .number, "period", "microseconds of a period"),
        Setting("cpu-burst", .number, "burst", "microseconds that a period may borrow of earlier ones"),
        Setting("cpu-rt-runtime", .number, "realtimeRuntime", "the same as the quota, for realtime processes"),
        Setting("cpu-rt-period", .number, "realtimePeriod", "the same as the period, for realtime processes"),
        Setting("cpu-idle", .number, "idle", "whether to run only when nothing else does: 1 or 0"),
        Setting("cpuset-cpus", .text, "cpus", "list of CPUs to run on, such as 0-3,7"),
        Setting("cpuset-mems", .text, "mems", "list of memory nodes to use, such as 0,1"),
    ]
    private static let pids = [Setting("pids-limit", .number, "limit", "how many processes and threads there may be")]
    private static let blockIO = [
        Setting("blkio-weight", .number, "weight", "weight among others for disks, from 10 to 1000")
    ]

    /// The settings, grouped by the objects of `linux.resources` that contain them.
    private static var settings: [(object: StaticString, settings: [Setting])] {
        [("memory", memory), ("cpu", cpu), ("pids", pids), ("blockIO", blockIO)]
    }

    static let command = Command(
        name: "update", summary: "change the limits of a container", operands: [.required("ID")],
        options: [resources] + settings.flatMap { $0.settings.map { $0.option } } + [l3CacheSchema, memoryBandwidthSchema]
            + obsolete,
        description: """
            Changes what a container may use while it exists. A limit that isn't named, or
            is 0, stays unchanged; for --cpu-burst and --cpu-idle 0 is a value. -1 lifts a
            limit on memory, CPU time or the number of processes.

            If the kernel refuses one of the values, those written before it are set back.
            """,
        example: """
            wherry update --memory 512m --memory-swap -1 web
            echo '{"pids": {"limit": 100}}' | wherry update --resources - web
            """,
        action: { invocation throws(RuntimeError) in
            warnOfObsolete(invocation)
            let wanted: Resources
            if let file = invocation.arguments.text(resources) {
                wanted = try readResources(from: file)
            } else {
                // The options become a document of the same form, so that the same rules check both.
                wanted = try Resources(parsing: try document(invocation.arguments))
            }
            try updateContainer(
                id: invocation.id, resources: wanted, schemata: try schemata(invocation.arguments), try invocation.settings())
            return 0
        })

    /// The lines for the file `schemata`: the cache's first, as in config.json.
    static func schemata(_ arguments: Arguments) throws(RuntimeError) -> [ByteString] {
        var lines: [ByteString] = []
        for (option, beginning) in [(l3CacheSchema, "L3"), (memoryBandwidthSchema, "MB:")] as [(Option, ByteString)] {
            guard let line = arguments.text(option), !line.isEmpty else { continue }
            guard line.hasPrefix(beginning), !line.contains(UInt8(ascii: "\n")) else {
                throw .takes("a line that begins with " + beginning.displayText, option, line)
            }
            lines.append(line)
        }
        return lines
    }

    private static func warnOfObsolete(_ invocation: Invocation) {
        for option in obsolete where invocation.arguments.text(option) != nil {
            invocation.log.warn(
                "option \"--" + option.name.description + "\" has no effect: --memory counts the kernel's memory too")
        }
    }

    static func document(_ arguments: Arguments) throws(RuntimeError) -> [UInt8] {
        var objects: [(name: StaticString, members: [(setting: Setting, value: ByteString)])] = []
        for (object, settings) in settings {
            var members: [(setting: Setting, value: ByteString)] = []
            for setting in settings {
                if let value = arguments.text(setting.option) { members.append((setting, try setting.checked(value))) }
            }
            if !members.isEmpty { objects.append((object, members)) }
        }
        var json = JSONWriter(.compact)
        json.object { json in
            for object in objects {
                json.object(object.name) { json in
                    for (setting, value) in object.members { setting.write(value, to: &json) }
                }
            }
        }
        return json.bytes
    }
}

extension Update.Setting {
    /// Checks the value and converts it to the form in the document.
    fileprivate func checked(_ value: ByteString) throws(RuntimeError) -> ByteString {
        switch kind {
        case .text: return value
        case .number:
            guard let number = Quantity.number(value) else { throw .takes("a number", option, value) }
            return ByteString(decimal: number)
        case .bytes:
            guard let bytes = Quantity.bytes(value) else {
                throw .takes("a number of bytes such as 512m, or -1 for no limit", option, value)
            }
            return ByteString(decimal: bytes)
        }
    }

    fileprivate func write(_ value: ByteString, to json: inout JSONWriter) {
        switch kind {
        case .number, .bytes: json.member(property, number: value)
        case .text: json.member(property, value)
        }
    }
}
