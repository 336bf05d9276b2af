public import Bytes

/// The object `linux` of config.json: config-linux.md.
public struct LinuxConfig: Sendable {
    public var namespaces: [Namespace] = []
    public var uidMappings: [IDMapping] = []
    public var gidMappings: [IDMapping] = []
    public var timeOffsets: TimeOffsets?
    public var devices: [Device] = []
    public var netDevices: [NetDevice] = []
    public var cgroupsPath: ByteString?
    public var resources: Resources = Resources()
    public var intelRdt: IntelRdt?
    public var memoryPolicy: MemoryPolicy?
    public var sysctl: [Sysctl] = []
    public var seccomp: Seccomp?
    public var rootfsPropagation: Propagation?
    public var maskedPaths: [ByteString] = []
    public var readonlyPaths: [ByteString] = []
    public var mountLabel: ByteString?
    public var personality: Personality?
}

/// An entry of `namespaces`: config-linux.md, "Namespaces".
public struct Namespace: Sendable {
    /// The type of a namespace.
    public enum Kind: Int, CaseIterable, Sendable {
        case pid, network, mount, ipc, uts, user, cgroup, time

        /// The name in the document.
        public var name: StaticString {
            switch self {
            case .pid: "pid"
            case .network: "network"
            case .mount: "mount"
            case .ipc: "ipc"
            case .uts: "uts"
            case .user: "user"
            case .cgroup: "cgroup"
            case .time: "time"
            }
        }
    }

    public var kind: Kind
    /// The absolute path of the namespace to join; nil for a new namespace.
    public var path: ByteString?
}

/// A range of ids and its counterpart on the host: user_namespaces(7), "User and group ID mappings".
public struct IDMapping: Equatable, Sendable {
    public var containerID: UInt32
    public var hostID: UInt32
    public var size: UInt32

    public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
        self.containerID = containerID
        self.hostID = hostID
        self.size = size
    }
}

/// Seconds and nanoseconds that are added to each clock: time_namespaces(7).
public struct TimeOffsets: Sendable {
    /// An offset of one clock.
    public struct Offset: Sendable {
        public var secs: Int64
        public var nanosecs: UInt32
    }

    public var monotonic: Offset?
    public var boottime: Offset?
}

/// A device file to make in the container: config-linux.md, "Devices".
///
/// The document's type `u` (unbuffered) is `.character` here: mknod(1) makes the same file for `u` and for `c`.
public struct Device: Sendable {
    /// The kind of device file.
    public enum Kind: Sendable { case character, block, fifo }

    public var kind: Kind
    public var path: ByteString
    /// 0 for a fifo.
    public var major: UInt32
    public var minor: UInt32
    /// The permission bits; nil stands for 0666.
    public var fileMode: UInt32?
    public var uid: UInt32?
    public var gid: UInt32?

    /// Makes a device. Without `fileMode` everybody may read and write it.
    public init(
        kind: Kind, path: ByteString, major: UInt32, minor: UInt32, fileMode: UInt32? = nil, uid: UInt32? = nil,
        gid: UInt32? = nil
    ) {
        self.kind = kind
        self.path = path
        self.major = major
        self.minor = minor
        self.fileMode = fileMode
        self.uid = uid
        self.gid = gid
    }
}

/// A network device that moves into the container: config-linux.md, "Network Devices".
public struct NetDevice: Sendable {
    /// The interface's name on the host.
    public var host: InterfaceName
    /// The interface's name in the container; nil keeps the host's name.
    public var name: InterfaceName?
}

/// A kernel parameter and its value: config-linux.md, "Sysctl".
public struct Sysctl: Sendable {
    public let key: SysctlKey
    /// A single line.
    public let value: ByteString
}

/// The mount propagation of the container's root: mount_namespaces(7), "Shared subtrees".
public enum Propagation: Sendable {
    case shared, slave, `private`, unbindable, recursiveShared, recursiveSlave, recursivePrivate, recursiveUnbindable
}

/// config-linux.md, "IntelRdt".
public struct IntelRdt: Sendable {
    public var closID: ByteString?
    public var schemata: [ByteString]
    public var l3CacheSchema: ByteString?
    public var memBwSchema: ByteString?
    public var enableMonitoring: Bool
}

/// The NUMA memory policy of the container's process: set_mempolicy(2).
public struct MemoryPolicy: Sendable {
    /// MPOL_… of linux/mempolicy.h.
    public var mode: UInt32
    public var nodes: NumberList?
    /// MPOL_F_… of linux/mempolicy.h, or-ed together.
    public var flags: UInt32
}

/// The execution domain of the container's process: personality(2).
public enum Personality: Sendable { case linux, linux32 }
