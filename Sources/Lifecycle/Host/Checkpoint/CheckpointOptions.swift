public import Bytes

/// Where criu sends memory pages, or with `--lazy-pages` serves them itself: `--page-server`.
public struct PageServer: Sendable {
    public var address: ByteString
    public var port: UInt16

    /// Reads "ADDRESS:PORT", where an IPv6 address may stand in brackets. nil for anything else.
    public init?(_ text: ByteString) {
        guard let colon = text.bytes.lastIndex(of: UInt8(ascii: ":")), colon > 0,
            let port = ByteString(text.bytes[(colon + 1)...]).decimal(as: UInt16.self), port > 0
        else { return nil }
        var address = text.bytes[..<colon]
        if address.first == UInt8(ascii: "["), address.last == UInt8(ascii: "]") { address = address.dropFirst().dropLast() }
        guard !address.isEmpty else { return nil }
        self.address = ByteString(address)
        self.port = port
    }
}

/// How criu deals with the cgroups that the container's processes are in: `--manage-cgroups-mode`.
public enum CgroupsMode: Int, Sendable {
    // The raw values are those of `criu_cg_mode` in criu's rpc.proto.
    case ignore = 0
    case soft = 3
    case full = 4
    case strict = 5

    /// Reads the value of the option: nil for an unknown one.
    public init?(_ name: ByteString) {
        switch name {
        case "ignore": self = .ignore
        case "soft": self = .soft
        case "full": self = .full
        case "strict": self = .strict
        default: return nil
        }
    }
}

/// How criu keeps packets from a container's TCP connections while they're in an image: `--network-lock`.
public enum NetworkLock: Int, Sendable {
    // The raw values are those of `criu_network_lock_method` in criu's rpc.proto.
    case iptables = 1
    case nftables = 2
    case skip = 3

    /// Reads the value of the option: nil for an unknown one.
    public init?(_ name: ByteString) {
        switch name {
        case "iptables": self = .iptables
        case "nftables": self = .nftables
        case "skip": self = .skip
        default: return nil
        }
    }
}

/// The options that `checkpoint` and `restore` share.
public struct ImageOptions: Sendable {
    /// The folder of the image; relative paths count from the working directory.
    public var imagePath: ByteString = "checkpoint"
    /// The folder of criu's log. nil stands for the folder of the image.
    public var workPath: ByteString?
    public var establishedTCP = false
    /// nil leaves the choice to criu.
    public var networkLock: NetworkLock?
    public var externalUnixSockets = false
    public var shellJob = false
    public var fileLocks = false
    /// nil leaves the choice to criu.
    public var cgroupsMode: CgroupsMode?
    public var autoDeduplication = false
    public var lazyPages = false

    public init() {}
}

/// The options of `checkpoint`.
public struct CheckpointOptions: Sendable {
    public var id: ByteString
    public var image: ImageOptions
    /// The folder of an earlier pre-dump, relative to the folder of the image.
    public var parentPath: ByteString?
    public var leaveRunning = false
    public var preDump = false
    public var tcpSkipInFlight = false
    public var linkRemap = false
    /// A descriptor that gets a NUL byte when criu is ready to serve memory pages: `--status-fd`.
    public var statusDescriptor: Int32?
    public var pageServer: PageServer?

    public init(id: ByteString, image: ImageOptions) {
        self.id = id
        self.image = image
    }
}

/// The options of `restore`.
public struct RestoreOptions: Sendable {
    public var create: CreateOptions
    public var image: ImageOptions
    public var detach = false
    public var noSubreaper = false
    /// Whether to close the TCP connections that are in the image: `--tcp-close`.
    public var closesTCP = false
    /// The label of the restored processes: "apparmor:NAME" or "selinux:LABEL".
    public var lsmProfile: ByteString?
    public var lsmMountContext: ByteString?

    public init(create: CreateOptions, image: ImageOptions) {
        self.create = create
        self.image = image
    }
}
