public import Bytes

/// config-linux.md, "Control groups". Also what `update --resources` reads.
public struct Resources: Sendable {
    public var devices: [DeviceRule] = []
    public var memory: Memory?
    public var cpu: CPU?
    /// -1 is without limit.
    public var pidsLimit: Int64?
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

        public var allow: Bool
        public var kind: Kind
        /// nil is every number.
        public var major: UInt32?
        public var minor: UInt32?
        public var read: Bool
        public var write: Bool
        public var mknod: Bool
    }

    /// Bytes; -1 is without limit.
    public struct Memory: Sendable {
        public var limit: Int64?
        public var reservation: Int64?
        /// Memory and swap together, as cgroup v1 counts.
        public var swap: Int64?
        public var kernel: Int64?
        public var kernelTCP: Int64?
        public var swappiness: UInt64?
        public var disableOOMKiller: Bool?
        public var useHierarchy: Bool?
        public var checkBeforeUpdate: Bool?
    }

    /// Microseconds for quota, burst, period and the real-time pair.
    public struct CPU: Sendable {
        public var shares: UInt64?
        public var quota: Int64?
        public var burst: UInt64?
        public var period: UInt64?
        public var realtimeRuntime: Int64?
        public var realtimePeriod: UInt64?
        public var cpus: ByteString?
        public var mems: ByteString?
        public var idle: Int64?
    }

    public struct BlockIO: Sendable {
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var weightDevice: [WeightDevice] = []
        public var throttleReadBpsDevice: [ThrottleDevice] = []
        public var throttleWriteBpsDevice: [ThrottleDevice] = []
        public var throttleReadIOPSDevice: [ThrottleDevice] = []
        public var throttleWriteIOPSDevice: [ThrottleDevice] = []
    }

    public struct WeightDevice: Sendable {
        public var major: Int64
        public var minor: Int64
        public var weight: UInt16?
        public var leafWeight: UInt16?
    }

    public struct ThrottleDevice: Sendable {
        public var major: Int64
        public var minor: Int64
        /// Bytes or operations a second.
        public var rate: UInt64
    }

    public struct HugepageLimit: Sendable {
        public var pageSize: ByteString
        public var limit: UInt64
    }

    public struct Network: Sendable {
        public struct Priority: Sendable {
            public var name: ByteString
            public var priority: UInt32
        }

        public var classID: UInt32?
        public var priorities: [Priority] = []
    }

    public struct RDMALimit: Sendable {
        public var device: ByteString
        public var hcaHandles: UInt32?
        public var hcaObjects: UInt32?
    }

    public struct UnifiedEntry: Sendable {
        public var file: ByteString
        public var value: ByteString
    }
}
