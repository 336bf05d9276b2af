import Bytes
@testable import Cgroups
import OCI
import Systemd
import Testing

@testable import Lifecycle

@Suite struct UnitLimitsTests {
    private static let unified = ControllerLocations(
        v1: [], v2: ControllerSet(names: ["memory", "cpu", "cpuset", "io", "pids", "hugetlb"], unified: true), filter: true)
    private static let legacy = ControllerLocations(
        v1: ControllerSet(names: ["memory", "cpu", "cpuset", "blkio", "pids"], unified: false), v2: [], filter: false)

    private func properties(_ json: String, _ locations: ControllerLocations = unified) throws -> [UnitProperty] {
        let plan = try ResourcePlan(Resources(parsing: Array(json.utf8)), locations: locations, devices: false)
        return UnitLimits.properties(for: plan.steps + plan.lateSteps)
    }

    @Test(
        arguments: [
            (#"{"memory":{"limit":1048576}}"#, "MemoryMax", 1_048_576), (#"{"memory":{"limit":-1}}"#, "MemoryMax", .max),
            (#"{"memory":{"limit":1048576,"swap":3145728}}"#, "MemorySwapMax", 2_097_152),
            (#"{"memory":{"reservation":4096}}"#, "MemoryLow", 4096), (#"{"pids":{"limit":7}}"#, "TasksMax", 7),
            (#"{"pids":{"limit":-1}}"#, "TasksMax", .max), (#"{"cpu":{"shares":1024}}"#, "CPUWeight", 100),
            (#"{"blockIO":{"weight":10}}"#, "IOWeight", 1), (#"{"unified":{"memory.high":"4096"}}"#, "MemoryHigh", 4096),
            (#"{"unified":{"io.weight":"default 50"}}"#, "IOWeight", 50),
            (#"{"unified":{"memory.max":"max"}}"#, "MemoryMax", .max),
        ] as [(String, String, UInt64)]) func eachLimitOfV2HasItsProperty(json: String, name: String, value: UInt64) throws
    {
        let found = try properties(json).filter { $0.name == ByteString(name) }
        #expect(found == [UnitProperty(ByteString(name), .uint64(value))])
    }

    @Test(
        arguments: [
            (#"{"memory":{"limit":1048576}}"#, "MemoryLimit", 1_048_576), (#"{"cpu":{"shares":2}}"#, "CPUShares", 2),
            (#"{"blockIO":{"weight":10}}"#, "BlockIOWeight", 10), (#"{"pids":{"limit":7}}"#, "TasksMax", 7),
            (#"{"cpu":{"quota":20000}}"#, "CPUQuotaPerSecUSec", 200_000), (#"{"cpu":{"quota":-1}}"#, "CPUQuotaPerSecUSec", .max),
        ] as [(String, String, UInt64)]) func eachLimitOfV1HasItsProperty(json: String, name: String, value: UInt64) throws
    {
        let found = try properties(json, Self.legacy).filter { $0.name == ByteString(name) }
        #expect(found == [UnitProperty(ByteString(name), .uint64(value))])
    }

    /// systemd keeps whole percents and rounds down: a container must not get less than it asked for.
    @Test(
        arguments: [
            ("20000", "50000", 400_000), ("33333", "100000", 340_000), ("1000", "1000000", 10_000),
            ("300000", "100000", 3_000_000),
        ] as [(String, String, UInt64)]) func quotaIsRoundedUpToAPercent(quota: String, period: String, perSecond: UInt64) throws
    {
        #expect(
            try properties(#"{"cpu":{"quota":\#(quota),"period":\#(period)}}"#) == [
                UnitProperty("CPUQuotaPeriodUSec", .uint64(UInt64(period) ?? 0)),
                UnitProperty("CPUQuotaPerSecUSec", .uint64(perSecond)),
            ])
    }

    /// A quota is worth something only with its period: the kernel's for a new cgroup, what is there for an update.
    @Test func quotaAndPeriodGoTogether() throws {
        let isHalf = [UnitProperty("CPUQuotaPeriodUSec", .uint64(100_000)), UnitProperty("CPUQuotaPerSecUSec", .uint64(500_000))]
        #expect(try properties(#"{"cpu":{"quota":50000}}"#) == isHalf)
        #expect(UnitLimits.properties(for: [("cpu.max", "50000 100000")]) == isHalf)
        #expect(UnitLimits.properties(for: [("cpu.cfs_quota_us", "50000"), ("cpu.cfs_period_us", "100000")]) == isHalf)
        let isFree = [UnitProperty("CPUQuotaPeriodUSec", .uint64(50_000)), UnitProperty("CPUQuotaPerSecUSec", .uint64(.max))]
        #expect(try properties(#"{"cpu":{"period":50000}}"#) == isFree)
    }

    /// systemd refuses such limits; they're only in the files.
    @Test(arguments: [#"{"pids":{"limit":0}}"#, #"{"unified":{"memory.max":"0"}}"#, #"{"unified":{"memory.high":"0"}}"#])
    func limitOfZeroIsNoProperty(json: String) throws {
        #expect(try properties(json) == [])
    }

    @Test func kernelsSuffixesCount() throws {
        #expect(try properties(#"{"unified":{"memory.max":"64M"}}"#) == [UnitProperty("MemoryMax", .uint64(64 << 20))])
        #expect(try properties(#"{"unified":{"memory.high":"2g"}}"#) == [UnitProperty("MemoryHigh", .uint64(2 << 30))])
    }

    @Test func idleCgroupHasTheWeightZero() throws {
        #expect(try properties(#"{"cpu":{"shares":1024,"idle":1}}"#).last == UnitProperty("CPUWeight", .uint64(0)))
    }

    @Test func groupIsKilledAsAWhole() throws {
        #expect(try properties(#"{"unified":{"memory.oom.group":"1"}}"#) == [UnitProperty("OOMPolicy", .string("kill"))])
    }

    @Test func processorsAreBits() throws {
        #expect(
            try properties(#"{"cpu":{"cpus":"0-2,9,16-17","mems":"1"}}"#) == [
                UnitProperty("AllowedCPUs", .bytes([0b111, 0b10, 0b11])), UnitProperty("AllowedMemoryNodes", .bytes([0b10])),
            ])
    }

    @Test func limitsWithoutAPropertyAreOnlyInTheFiles() throws {
        #expect(try properties(#"{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}"#) == [])
        #expect(try properties(#"{"unified":{"cpu.weight.nice":"1"}}"#) == [])
        #expect(try properties(#"{"unified":{"io.weight":"8:0 default","io.max":"x rbps=1"}}"#) == [])
    }

    // MARK: Disks

    private func list(_ name: ByteString, _ limits: [(ByteString, UInt64)]) -> UnitProperty {
        UnitProperty(name, .limits(limits.map { UnitProperty.Limit($0, $1) }))
    }

    @Test func limitsOfDisksAreListsOnV2() throws {
        let json = #"""
            {"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":1000}],
            "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":5},{"major":8,"minor":16,"rate":0}],
            "throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":7}]}}
            """#
        #expect(
            try properties(json) == [
                list("IODeviceWeight", [("/dev/block/8:0", 10000)]),
                list("IOReadBandwidthMax", [("/dev/block/8:0", 5), ("/dev/block/8:16", .max)]),
                list("IOWriteIOPSMax", [("/dev/block/8:0", 7)]),
            ])
    }

    /// There, systemd's two limits of a disk lift each other when it reads the unit again.
    @Test func onlyWeightsOfDisksAreListsOnV1() throws {
        let json = #"""
            {"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":1000}],
            "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":5}],"throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":9}],
            "throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":7}]}}
            """#
        #expect(try properties(json, Self.legacy) == [list("BlockIODeviceWeight", [("/dev/block/8:0", 1000)])])
    }

    @Test func linesOfUnifiedFilesAreOfDisksToo() throws {
        #expect(
            try properties(#"{"unified":{"io.max":"8:0 rbps=5 wiops=max\n8:16 wbps=6 riops=7"}}"#) == [
                list("IOReadBandwidthMax", [("/dev/block/8:0", 5)]), list("IOWriteIOPSMax", [("/dev/block/8:0", .max)]),
                list("IOWriteBandwidthMax", [("/dev/block/8:16", 6)]), list("IOReadIOPSMax", [("/dev/block/8:16", 7)]),
            ])
        #expect(
            try properties(#"{"unified":{"io.weight":"default 200\n8:0 50"}}"#) == [
                UnitProperty("IOWeight", .uint64(200)), list("IODeviceWeight", [("/dev/block/8:0", 50)]),
            ])
    }

    /// After an update, what was written comes first, and what the kernel has then counts.
    @Test func laterValueOfADiskCounts() {
        let read: ByteString = "8:0 rbps=5 wbps=max riops=max wiops=max\n8:16 rbps=6 wbps=max riops=max wiops=max"
        #expect(
            UnitLimits.properties(for: [("io.max", "8:0 rbps=9"), ("io.max", "8:32 rbps=max"), ("io.max", read)]).first
                == list("IOReadBandwidthMax", [("/dev/block/8:32", .max), ("/dev/block/8:0", 5), ("/dev/block/8:16", 6)]))
    }

    // MARK: Devices

    private static let drivers = DeviceDrivers(
        text: Array("Character devices:\n  1 mem\n136 pts\n189 usb_device\n\nBlock devices:\n  8 sd\n189 other\n".utf8))

    private func devices(_ json: String) throws -> [UnitProperty] {
        let rules = try Resources(parsing: Array(#"{"devices":[\#(json)]}"#.utf8)).devices
        return UnitLimits.properties(forDevices: rules, Self.drivers)
    }

    @Test func allowedDevicesAreNamed() throws {
        let properties = try devices(
            #"{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"r"},"#
                + #"{"allow":true,"type":"c","major":189,"access":"rw"},{"allow":true,"type":"b","major":8,"minor":0,"access":"rwm"}"#
        )
        #expect(properties.first == UnitProperty("DevicePolicy", .string("strict")))
        guard case .pairs(let pairs)? = properties.last?.value else { return #expect(Bool(false), "\(properties)") }
        let texts = pairs.map { $0.first.displayText + " " + $0.second.displayText }
        for expected in [
            "/dev/char/1:11 r", "char-usb_device rw", "/dev/block/8:0 rwm", "char-pts rwm", "/dev/char/1:3 rwm", "char-* m",
        ] {
            #expect(texts.contains(expected), "\(expected) in \(texts)")
        }
    }

    /// systemd can only allow devices, so these rules are the device filter's alone.
    @Test(arguments: [
        #"{"allow":true,"access":"rwm"}"#, #"{"allow":true,"type":"c","minor":3,"access":"rwm"}"#,
    ]) func rulesThatSystemdCannotExpressAreLeftToTheFilter(json: String) throws {
        #expect(try devices(json) == [])
    }
}
