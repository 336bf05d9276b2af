import Bytes
import Errors
import Linux

// What criu is told and what it answers. The field numbers are those of criu's rpc.proto.

/// What criu is asked for: `criu_req_type`.
enum CriuRequest: UInt64 {
    case dump = 1
    case restore = 2
    case notification = 6
    case featureCheck = 9
    case version = 10
    case preDump = 13

    /// Whether criu goes on listening when it has answered.
    private var isQuestion: Bool { self == .featureCheck || self == .version }

    func encoded(_ options: CriuOptions? = nil) -> [UInt8] {
        var message = ProtocolBuffer()
        message.add(1, rawValue)
        if let options { message.add(2, options.message) }
        if isQuestion { message.add(4, true) }
        if self == .featureCheck {
            var features = ProtocolBuffer()
            features.add(1, true)
            features.add(2, true)
            message.add(5, features)
        }
        return message.bytes
    }

    /// The answer to a notification: a refusal has criu undo what it did.
    static func acknowledgement(_ success: Bool) -> [UInt8] {
        var message = ProtocolBuffer()
        message.add(1, CriuRequest.notification.rawValue)
        message.add(3, success)
        return message.bytes
    }
}

/// `criu_opts`.
struct CriuOptions {
    enum Flag: Int {
        case leaveRunning = 3
        case externalUnixSockets = 4
        case establishedTCP = 5
        case evasiveDevices = 6
        case shellJob = 7
        case fileLocks = 8
        case notifications = 12
        case trackMemory = 15
        case autoDeduplication = 16
        case linkRemap = 18
        case manageCgroups = 24
        case restoredSibling = 26
        case tcpSkipInFlight = 46
        case lazyPages = 48
        case orphanTerminals = 50
    }

    enum Text: Int {
        case logFile = 10
        case root = 13
        case parentImage = 14
        case external = 37
        case freezerCgroup = 44
        case configFile = 51
        case lsmProfile = 53
        case lsmMountContext = 63
    }

    enum Number: Int {
        case imagesDirectory = 1
        case pid = 2
        case logLevel = 9
        case workDirectory = 17
        case cgroupsMode = 34
        case emptyNamespaces = 38
    }

    private(set) var message = ProtocolBuffer()

    mutating func set(_ flag: Flag, _ isOn: Bool = true) { if isOn { message.add(flag.rawValue, true) } }

    mutating func set(_ field: Text, _ text: ByteString?) { if let text { message.add(field.rawValue, text) } }

    mutating func set(_ field: Number, _ number: Int) { message.add(field.rawValue, UInt64(number)) }

    private mutating func add(_ field: Int, _ first: ByteString, _ second: ByteString) {
        var pair = ProtocolBuffer()
        pair.add(1, first)
        pair.add(2, second)
        message.add(field, pair)
    }

    /// When dumping: the path of a mount in the container, and the name that the image gets instead of what is mounted there. When
    /// restoring: that name, and the path of what is to be mounted.
    mutating func addExternalMount(_ key: ByteString, _ value: ByteString) { add(23, key, value) }

    /// Where the container's cgroup is now, in one hierarchy.
    mutating func addCgroupRoot(controllers: ByteString, _ path: ByteString) { add(25, controllers, path) }

    /// Has criu take a descriptor of its own, by its number there, for what the image calls `key`.
    mutating func inherit(_ descriptor: Int, as key: ByteString) {
        var pair = ProtocolBuffer()
        pair.add(1, key)
        pair.add(2, UInt64(descriptor))
        message.add(27, pair)
    }

    /// Has the processes join a namespace: "ipc", "uts", "time".
    mutating func join(_ namespace: ByteString, _ path: ByteString) { add(39, namespace, path) }

    mutating func setPageServer(_ server: PageServer) {
        var info = ProtocolBuffer()
        info.add(1, server.address)
        info.add(2, UInt64(server.port))
        message.add(11, info)
    }
}

/// `criu_resp`.
struct CriuResponse {
    private let message: ProtocolBufferReader

    init?(_ bytes: [UInt8]) {
        guard let message = ProtocolBufferReader(bytes[...]), message.number(1) != nil else { return nil }
        self.message = message
    }

    var isNotification: Bool { message.number(1) == CriuRequest.notification.rawValue }
    var succeeded: Bool { message.isOn(2) }
    var errno: Errno? { message.integer(7).map { Errno(rawValue: $0) } }
    var errorText: ByteString? { message.text(9) }

    /// "pre-resume" and the like.
    var script: ByteString { message.message(5)?.text(1) ?? "" }

    /// The first process, in some of the notifications.
    var pid: Int32? { message.message(5)?.integer(2) }

    /// 31701 for 3.17.1.
    var version: Int? {
        guard let version = message.message(10), let major = version.number(1), let minor = version.number(2) else { return nil }
        return Int(major) * 10000 + Int(minor) * 100 + Int(version.number(4) ?? 0)
    }

    var tracksMemory: Bool { message.message(8)?.isOn(1) == true }
    var hasLazyPages: Bool { message.message(8)?.isOn(2) == true }
}
