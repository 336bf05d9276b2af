public import Bytes

/// What a container has used: what `events --stats` prints.
///
/// Times are nanoseconds, amounts of memory bytes. What a host doesn't tell is 0 or empty.
public struct CgroupStatistics: Equatable, Sendable {
    public var cpu = CPU()
    public var cpuset = Cpuset()
    public var memory = Memory()
    public var pids = Pids()
    public var blockIO = BlockIO()
    /// By page size: "2MB".
    public var hugetlb: [Hugetlb] = []

    public struct CPU: Equatable, Sendable {
        public var total: UInt64 = 0
        /// Of all time, kernel and user time for each CPU: v1 alone has them.
        public var perCPU: [UInt64] = []
        public var kernelPerCPU: [UInt64] = []
        public var userPerCPU: [UInt64] = []
        public var kernel: UInt64 = 0
        public var user: UInt64 = 0
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        public var throttledTime: UInt64 = 0
        public var pressure: Pressure?
    }

    /// cpuset(7). v1 alone has all of it.
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

    public struct Memory: Equatable, Sendable {
        /// One kind of memory. The largest number is no limit on v2.
        public struct Account: Equatable, Sendable {
            public var limit: UInt64 = 0
            public var usage: UInt64 = 0
            public var peak: UInt64 = 0
            public var failures: UInt64 = 0
        }

        public var cache: UInt64 = 0
        public var usage = Account()
        /// Memory and swap together, as v1 counts, on v2 too.
        public var swap = Account()
        public var kernel = Account()
        public var kernelTCP = Account()
        /// memory.stat.
        public var raw: [(key: ByteString, value: UInt64)] = []
        public var pressure: Pressure?

        public static func == (left: Memory, right: Memory) -> Bool {
            left.cache == right.cache && left.usage == right.usage && left.swap == right.swap && left.kernel == right.kernel
                && left.kernelTCP == right.kernelTCP && left.pressure == right.pressure
                && left.raw.elementsEqual(right.raw) { $0.key == $1.key && $0.value == $1.value }
        }
    }

    public struct Pids: Equatable, Sendable {
        public var current: UInt64 = 0
        /// 0 for none.
        public var limit: UInt64 = 0
    }

    public struct BlockIO: Equatable, Sendable {
        public struct Entry: Equatable, Sendable {
            public var major: UInt64
            public var minor: UInt64
            /// "Read", "Write", "Sync", "Async", "Discard", "Total".
            public var operation: ByteString
            public var value: UInt64
        }

        public var serviceBytes: [Entry] = []
        public var serviced: [Entry] = []
        public var pressure: Pressure?
    }

    public struct Hugetlb: Equatable, Sendable {
        public var pageSize: ByteString
        public var usage: UInt64 = 0
        public var peak: UInt64 = 0
        public var failures: UInt64 = 0
    }

    /// Documentation/accounting/psi.rst.
    public struct Pressure: Equatable, Sendable {
        public struct Line: Equatable, Sendable {
            /// Percent with two decimals, as the kernel writes them.
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
