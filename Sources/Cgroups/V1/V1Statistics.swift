import Bytes
import Errors

extension StatisticsFiles {
    /// Reads the files of the given controllers from the directory of a v1 hierarchy.
    func readV1(_ controllers: ControllerSet, into found: inout CgroupStatistics) throws(SystemError) {
        if controllers.contains(.cpuacct) { try readCPUAccount(into: &found.cpu) }
        if controllers.contains(.cpu), let throttling = try table("cpu.stat") {
            found.cpu.periods = throttling["nr_periods"] ?? 0
            found.cpu.throttledPeriods = throttling["nr_throttled"] ?? 0
            found.cpu.throttledTime = throttling["throttled_time"] ?? 0
        }
        if controllers.contains(.cpuset) { found.cpuset = try cpuset() }
        if controllers.contains(.memory) { try readMemoryV1(into: &found.memory) }
        if controllers.contains(.pids) {
            found.pids.current = try number("pids.current")
            let limit = try number("pids.max")
            found.pids.limit = limit == .max ? 0 : limit
        }
        if controllers.contains(.blkio) {
            // If BFQ is the scheduler, its own files are read. Its file for bytes then has more than the total.
            let bfq = try blockEntries("blkio.bfq.io_serviced_recursive")
            found.blockIO.serviced = bfq.isEmpty ? try blockEntries("blkio.throttle.io_serviced_recursive") : bfq
            found.blockIO.serviceBytes = try blockEntries(
                bfq.isEmpty ? "blkio.throttle.io_service_bytes_recursive" : "blkio.bfq.io_service_bytes_recursive")
        }
        if controllers.contains(.hugetlb) {
            for size in try pageSizes(suffix: ".usage_in_bytes") {
                let prefix = try reservationPrefix(size, file: ".usage_in_bytes")
                found.hugetlb.append(
                    CgroupStatistics.Hugetlb(
                        pageSize: size, usage: try number(prefix + ".usage_in_bytes"),
                        peak: try number(prefix + ".max_usage_in_bytes"), failures: try number(prefix + ".failcnt")))
            }
        }
    }

    /// The beginning of the names of a page size's files. If the kernel limits reservations, their files are read.
    func reservationPrefix(_ size: ByteString, file: ByteString) throws(SystemError) -> ByteString {
        let plain = "hugetlb." + size
        return try directory.has(plain + ".rsvd" + file) ? plain + ".rsvd" : plain
    }

    private func readCPUAccount(into cpu: inout CgroupStatistics.CPU) throws(SystemError) {
        cpu.total = try number("cpuacct.usage")
        cpu.perCPU = try numbers("cpuacct.usage_percpu")
        // A heading, then a line "CPU USER SYSTEM" for each CPU.
        for line in try text("cpuacct.usage_all")?.split(separator: UInt8(ascii: "\n")).dropFirst() ?? [] {
            let columns = line.words.compactMap { $0.decimal(as: UInt64.self) }
            guard columns.count == 3 else { continue }
            cpu.userPerCPU.append(columns[1])
            cpu.kernelPerCPU.append(columns[2])
        }
        // The unit is 1/100 second, whatever the kernel's own clock tick is: times(2).
        let ticks = try table("cpuacct.stat")
        cpu.user = (ticks?["user"] ?? 0) &* 10_000_000
        cpu.kernel = (ticks?["system"] ?? 0) &* 10_000_000
    }

    private func cpuset() throws(SystemError) -> CgroupStatistics.Cpuset {
        CgroupStatistics.Cpuset(
            cpus: try list("cpuset.cpus"), cpuExclusive: try number("cpuset.cpu_exclusive"), mems: try list("cpuset.mems"),
            memHardwall: try number("cpuset.mem_hardwall"), memExclusive: try number("cpuset.mem_exclusive"),
            memoryMigrate: try number("cpuset.memory_migrate"), memorySpreadPage: try number("cpuset.memory_spread_page"),
            memorySpreadSlab: try number("cpuset.memory_spread_slab"), memoryPressure: try number("cpuset.memory_pressure"),
            schedLoadBalance: try number("cpuset.sched_load_balance"),
            schedRelaxDomainLevel: try text("cpuset.sched_relax_domain_level")?.decimal(as: Int64.self) ?? 0)
    }

    private func readMemoryV1(into memory: inout CgroupStatistics.Memory) throws(SystemError) {
        let statistics = try table("memory.stat")
        memory.raw = (statistics?.values ?? []).ordered { $0.key < $1.key }
        memory.cache = statistics?["cache"] ?? 0
        memory.usage = try account("memory")
        memory.swap = try account("memory.memsw")
        memory.kernel = try account("memory.kmem")
        memory.kernelTCP = try account("memory.kmem.tcp")
    }

    private func account(_ prefix: ByteString) throws(SystemError) -> CgroupStatistics.Memory.Account {
        CgroupStatistics.Memory.Account(
            limit: try number(prefix + ".limit_in_bytes"), usage: try number(prefix + ".usage_in_bytes"),
            peak: try number(prefix + ".max_usage_in_bytes"), failures: try number(prefix + ".failcnt"))
    }

    /// Reads lines of the form "MAJOR:MINOR OPERATION VALUE". The last line, the total of all devices, has no device and is
    /// left out.
    private func blockEntries(_ file: ByteString) throws(SystemError) -> [CgroupStatistics.BlockIO.Entry] {
        guard let text = try text(file) else { return [] }
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.words
            guard words.count == 3, let (major, minor) = words[0].deviceNumbers, let value = words[2].decimal(as: UInt64.self)
            else {
                return nil
            }
            return CgroupStatistics.BlockIO.Entry(major: major, minor: minor, operation: words[1], value: value)
        }
    }
}

extension ByteString {
    /// The two numbers of a text such as "8:16"; nil for a text of another form.
    var deviceNumbers: (UInt64, UInt64)? {
        guard let (first, second) = splitOnce(separator: UInt8(ascii: ":")), let major = first.decimal(as: UInt64.self),
            let minor = second.decimal(as: UInt64.self)
        else { return nil }
        return (major, minor)
    }
}
