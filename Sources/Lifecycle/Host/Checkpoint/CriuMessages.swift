import Bytes
import Errors
import Linux

// The messages to and from criu. The field numbers are those of criu's rpc.proto.

/// The type of a request: `criu_req_type`.
enum CriuRequest: UInt64 {
    case dump = 1
    case restore = 2
    case notification = 6
    case featureCheck = 9
    case version = 10
    case preDump = 13

    /// Whether criu keeps listening after its answer (`keep_open`).
    private var isQuestion: Bool { self == .featureCheck || self == .version }

    /// The message of the request: `criu_req`.
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

    /// The answer to a notification. If it's negative, criu undoes its work.
    static func acknowledgement(_ success: Bool) -> [UInt8] {
        var message = ProtocolBuffer()
        message.add(1, CriuRequest.notification.rawValue)
        message.add(3, success)
        return message.bytes
    }
}

/// The options of a request: `criu_opts`.
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
        case closeTCP = 52
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
        case networkLock = 64
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

    /// Declares a mount that isn't in the image.
    ///
    /// - Parameters:
    ///   - key: When dumping, the path of the mount in the container. When restoring, the mount's name in the image.
    ///   - value: When dumping, the mount's name in the image. When restoring, the path of what to mount.
    mutating func addExternalMount(_ key: ByteString, _ value: ByteString) { add(23, key, value) }

    /// Tells in which cgroup of a hierarchy the container is now.
    mutating func addCgroupRoot(controllers: ByteString, _ path: ByteString) { add(25, controllers, path) }

    /// Has criu use one of its descriptors for a file of the image.
    ///
    /// - Parameters:
    ///   - descriptor: The number of the descriptor in criu.
    ///   - key: The name of the file in the image.
    mutating func inherit(_ descriptor: Int, as key: ByteString) {
        var pair = ProtocolBuffer()
        pair.add(1, key)
        pair.add(2, UInt64(descriptor))
        message.add(27, pair)
    }

    /// Has the restored processes join the namespace at a path. `namespace` is its name in /proc/PID/ns, such as "ipc" or
    /// "uts".
    mutating func join(_ namespace: ByteString, _ path: ByteString) { add(39, namespace, path) }

    /// Sets the address of the page server.
    mutating func setPageServer(_ server: PageServer) {
        var info = ProtocolBuffer()
        info.add(1, server.address)
        info.add(2, UInt64(server.port))
        message.add(11, info)
    }
}

/// A response or a notification: `criu_resp`.
struct CriuResponse {
    private let message: ProtocolBufferReader

    /// Reads a message: nil if it's no response.
    init?(_ bytes: [UInt8]) {
        guard let message = ProtocolBufferReader(bytes[...]), message.number(1) != nil else { return nil }
        self.message = message
    }

    var isNotification: Bool { message.number(1) == CriuRequest.notification.rawValue }
    var succeeded: Bool { message.isOn(2) }
    var errno: Errno? { message.integer(7).map { Errno(rawValue: $0) } }
    var errorText: ByteString? { message.text(9) }

    /// The name of a notification, such as "pre-resume". Empty for a response.
    var script: ByteString { message.message(5)?.text(1) ?? "" }

    /// The pid of the first process, which only some notifications carry.
    var pid: Int32? { message.message(5)?.integer(2) }

    /// criu's version: 31701 stands for 3.17.1.
    var version: Int? {
        guard let version = message.message(10), let major = version.number(1), let minor = version.number(2) else { return nil }
        return Int(major) * 10000 + Int(minor) * 100 + Int(version.number(4) ?? 0)
    }

    var tracksMemory: Bool { message.message(8)?.isOn(1) == true }
    var hasLazyPages: Bool { message.message(8)?.isOn(2) == true }
}
