public import Bytes

/// The resource usage of a container, which `events --stats` prints.
///
/// Times are in nanoseconds, amounts of memory in bytes. Values that the host doesn't report are 0 or empty.
public struct CgroupStatistics: Equatable, Sendable {
    public var cpu = CPU()
    public var cpuset = Cpuset()
    public var memory = Memory()
    public var pids = Pids()
    public var blockIO = BlockIO()
    /// The usage of huge pages, an element for each page size.
    public var hugetlb: [Hugetlb] = []

    /// The use of CPUs.
    public struct CPU: Equatable, Sendable {
        /// The time on all CPUs.
        public var total: UInt64 = 0
        /// The total time on each CPU. Only v1 reports it, and the kernel and user times on each CPU.
        public var perCPU: [UInt64] = []
        public var kernelPerCPU: [UInt64] = []
        public var userPerCPU: [UInt64] = []
        public var kernel: UInt64 = 0
        public var user: UInt64 = 0
        /// The quota's periods that have passed. `throttledPeriods` counts those in which the cgroup was throttled.
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        public var throttledTime: UInt64 = 0
        public var pressure: Pressure?
    }

    /// The files of cpuset(7). Only v1 has all of them.
    public struct Cpuset: Equatable, Sendable {
        public var cpus: [UInt64] = []
        public var cpuExclusive: UInt64 = 0
        public var mems: [UInt64] = []
        public var memHardwall: UInt64 = 0
        public var memExclusive: UInt64 = 0
        public var memoryMigrate: UInt64 = 0
        public var memorySpreadPage: UInt64 = 0
        public var memorySpreadSlab: UInt64 = 0
        public var memoryPressure: UInt64 = 0
        public var schedLoadBalance: UInt64 = 0
        public var schedRelaxDomainLevel: Int64 = 0
    }

    /// The use of memory.
    public struct Memory: Equatable, Sendable {
        /// One kind of memory. On v2, a `limit` of the largest number means that there is no limit.
        public struct Account: Equatable, Sendable {
            public var limit: UInt64 = 0
            public var usage: UInt64 = 0
            public var peak: UInt64 = 0
            /// How often the limit was reached.
            public var failures: UInt64 = 0
        }

        /// The page cache.
        public var cache: UInt64 = 0
        public var usage = Account()
        /// Memory and swap together. That is the way of v1, and v2's numbers are converted to it.
        public var swap = Account()
        public var kernel = Account()
        public var kernelTCP = Account()
        /// The lines of memory.stat.
        public var raw: [(key: ByteString, value: UInt64)] = []
        public var pressure: Pressure?

        public static func == (left: Memory, right: Memory) -> Bool {
            left.cache == right.cache && left.usage == right.usage && left.swap == right.swap && left.kernel == right.kernel
                && left.kernelTCP == right.kernelTCP && left.pressure == right.pressure
                && left.raw.elementsEqual(right.raw) { $0.key == $1.key && $0.value == $1.value }
        }
    }

    /// The number of processes and threads.
    public struct Pids: Equatable, Sendable {
        public var current: UInt64 = 0
        /// The limit; 0 if there is none.
        public var limit: UInt64 = 0
    }

    /// The use of block devices.
    public struct BlockIO: Equatable, Sendable {
        /// A number for one device and one kind of operation.
        public struct Entry: Equatable, Sendable {
            public var major: UInt64
            public var minor: UInt64
            /// "Read", "Write", "Sync", "Async", "Discard", "Total".
            public var operation: ByteString
            public var value: UInt64
        }

        /// The transferred bytes.
        public var serviceBytes: [Entry] = []
        /// The number of operations.
        public var serviced: [Entry] = []
        public var pressure: Pressure?
    }

    /// The use of huge pages of one size.
    public struct Hugetlb: Equatable, Sendable {
        /// The page size, such as "2MB".
        public var pageSize: ByteString
        public var usage: UInt64 = 0
        public var peak: UInt64 = 0
        public var failures: UInt64 = 0
    }

    /// Pressure stall information: Documentation/accounting/psi.rst.
    public struct Pressure: Equatable, Sendable {
        /// The share of time in which some or all processes waited.
        public struct Line: Equatable, Sendable {
            /// A percentage with two decimals, as the kernel writes it, like `average60` and `average300`.
            public var average10: ByteString
            public var average60: ByteString
            public var average300: ByteString
            /// Microseconds.
            public var total: UInt64
        }

        public var some: Line?
        public var full: Line?
    }
}
