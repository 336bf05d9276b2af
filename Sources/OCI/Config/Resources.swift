public import Bytes

/// config-linux.md, "Control groups". Also what `update --resources` reads.
public struct Resources: Sendable {
    public var devices: [DeviceRule] = []
    public var memory: Memory?
    public var cpu: CPU?
    /// 0 is a limit like others: config-linux.md, "PIDs".
    public var pidsLimit: Limit?
    public var blockIO: BlockIO?
    public var hugepageLimits: [HugepageLimit] = []
    public var network: Network?
    public var rdma: [RDMALimit] = []
    /// Files of cgroup v2 and what is written to them, in the document's order.
    public var unified: [UnifiedEntry] = []
    /// JSON pointers to what isn't known, for what was read by itself: in a configuration they stand with all others.
    public var unknownProperties: [String] = []

    public init() {}

    /// config-linux.md, "Allowed Device list".
    public struct DeviceRule: Equatable, Sendable {
        public enum Kind: Sendable { case all, character, block }

        public let allow: Bool
        public let kind: Kind
        /// nil is every number.
        public let major: UInt32?
        public let minor: UInt32?
        /// At least one of the three.
        public let read: Bool
        public let write: Bool
        public let mknod: Bool
    }

    /// Bytes. 0, which engines send for "unset", is nil here.
    public struct Memory: Sendable {
        public let limit: Limit?
        public let reservation: Limit?
        /// Memory and swap together, as cgroup v1 counts: never below `limit`, and never a number if `limit` is unlimited.
        public let swap: Limit?
        public let kernel: Limit?
        public let kernelTCP: Limit?
        /// 0 to 100.
        public let swappiness: UInt8?
        public let disableOOMKiller: Bool?
        public let useHierarchy: Bool?
        public let checkBeforeUpdate: Bool?
    }

    /// Microseconds for quota, burst, period and the real-time pair. 0, which engines send for "unset", is nil here except for `burst`.
    public struct CPU: Sendable {
        public let shares: UInt64?
        public let quota: Limit?
        /// Not above `quota`.
        public let burst: UInt64?
        public let period: UInt64?
        public let realtimeRuntime: Limit?
        public let realtimePeriod: UInt64?
        public let cpus: NumberList?
        public let mems: NumberList?
        public let idle: Bool?
    }

    public struct BlockIO: Sendable {
        public let weight: Weight?
        public let leafWeight: Weight?
        public let weightDevice: [WeightDevice]
        public let throttleReadBpsDevice: [ThrottleDevice]
        public let throttleWriteBpsDevice: [ThrottleDevice]
        public let throttleReadIOPSDevice: [ThrottleDevice]
        public let throttleWriteIOPSDevice: [ThrottleDevice]
    }

    /// At least one of the two weights.
    public struct WeightDevice: Sendable {
        public let device: DeviceNumber
        public let weight: Weight?
        public let leafWeight: Weight?
    }

    public struct ThrottleDevice: Sendable {
        public let device: DeviceNumber
        /// Bytes or operations a second.
        public let rate: UInt64
    }

    public struct HugepageLimit: Sendable {
        public let pageSize: PageSize
        public let limit: UInt64
    }

    public struct Network: Sendable {
        public struct Priority: Sendable {
            public let name: InterfaceName
            public let priority: UInt32
        }

        public let classID: UInt32?
        public let priorities: [Priority]
    }

    /// At least one of the two limits.
    public struct RDMALimit: Sendable {
        public let device: RDMADeviceName
        public let hcaHandles: UInt32?
        public let hcaObjects: UInt32?
    }

    public struct UnifiedEntry: Sendable {
        public let file: ControllerFile
        /// One or more, none of them empty. Each is one write.
        public let lines: [ByteString]
    }
}
