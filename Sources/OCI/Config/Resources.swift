public import Bytes

/// The limits of a container: config-linux.md, "Control groups". `update --resources` reads the same object.
public struct Resources: Sendable {
    public var devices: [DeviceRule] = []
    public var memory: Memory?
    public var cpu: CPU?
    /// In a config.json, 0 is a limit like any other number, not "unset": config-linux.md, "PIDs".
    public var pidsLimit: Limit?
    public var blockIO: BlockIO?
    public var hugepageLimits: [HugepageLimit] = []
    public var network: Network?
    public var rdma: [RDMALimit] = []
    /// Files of cgroup v2 and the lines to write to them, in the document's order.
    public var unified: [UnifiedEntry] = []
    /// JSON pointers of unknown properties, if this object is the whole document. The unknown properties in a config.json are
    /// in `Config.unknownProperties`.
    public var unknownProperties: [String] = []

    public init() {}

    /// config-linux.md, "Allowed Device list".
    public struct DeviceRule: Equatable, Sendable {
        /// The kind of devices that the rule matches.
        public enum Kind: Sendable { case all, character, block }

        public let allow: Bool
        public let kind: Kind
        /// nil stands for every number, as in `minor`.
        public let major: UInt32?
        public let minor: UInt32?
        /// At least one of `read`, `write` and `mknod` is true.
        public let read: Bool
        public let write: Bool
        public let mknod: Bool
    }

    /// config-linux.md, "Memory". The limits are in bytes; a limit of 0, which engines send for "unset", is nil here.
    public struct Memory: Sendable {
        public let limit: Limit?
        public let reservation: Limit?
        /// The limit of memory and swap together, as in cgroup v1. It is never below `limit`, and it is nil or unlimited if
        /// `limit` is unlimited.
        public let swap: Limit?
        public let kernel: Limit?
        public let kernelTCP: Limit?
        /// 0 to 100.
        public let swappiness: UInt8?
        public let disableOOMKiller: Bool?
        public let useHierarchy: Bool?
        public let checkBeforeUpdate: Bool?
    }

    /// config-linux.md, "CPU". Quota, burst, period and the two real-time properties are in microseconds.
    ///
    /// 0, which engines send for "unset", is nil here; only a `burst` of 0 remains 0.
    public struct CPU: Sendable {
        public let shares: UInt64?
        public let quota: Limit?
        /// Not above `quota`, if that is a limit.
        public let burst: UInt64?
        public let period: UInt64?
        public let realtimeRuntime: Limit?
        public let realtimePeriod: UInt64?
        public let cpus: NumberList?
        public let mems: NumberList?
        public let idle: Bool?
    }

    /// config-linux.md, "Block IO".
    public struct BlockIO: Sendable {
        public let weight: Weight?
        public let leafWeight: Weight?
        public let weightDevice: [WeightDevice]
        public let throttleReadBpsDevice: [ThrottleDevice]
        public let throttleWriteBpsDevice: [ThrottleDevice]
        public let throttleReadIOPSDevice: [ThrottleDevice]
        public let throttleWriteIOPSDevice: [ThrottleDevice]
    }

    /// A device's own weights, of which at least one is set.
    public struct WeightDevice: Sendable {
        public let device: DeviceNumber
        public let weight: Weight?
        public let leafWeight: Weight?
    }

    /// The highest rate for a device.
    public struct ThrottleDevice: Sendable {
        public let device: DeviceNumber
        /// Bytes or operations per second.
        public let rate: UInt64
    }

    /// config-linux.md, "Huge page limits".
    public struct HugepageLimit: Sendable {
        public let pageSize: PageSize
        /// Bytes.
        public let limit: UInt64
    }

    /// config-linux.md, "Network".
    public struct Network: Sendable {
        /// The priority of traffic through one network interface.
        public struct Priority: Sendable {
            public let name: InterfaceName
            public let priority: UInt32
        }

        public let classID: UInt32?
        public let priorities: [Priority]
    }

    /// config-linux.md, "RDMA". At least one of the two limits is set.
    public struct RDMALimit: Sendable {
        public let device: RDMADeviceName
        public let hcaHandles: UInt32?
        public let hcaObjects: UInt32?
    }

    /// config-linux.md, "Unified".
    public struct UnifiedEntry: Sendable {
        public let file: ControllerFile
        /// At least one line, and none is empty. Each line is written by itself.
        public let lines: [ByteString]
    }
}
