import Bytes
import Errors

extension StatisticsFiles {
    /// Reads the files that a v2 cgroup has.
    ///
    /// On a hybrid host, a v2 cgroup doesn't have the files of the controllers that v1 has. It always has cpu.stat and the
    /// pressure files. Times from cpu.stat don't replace those that v1 has reported.
    func readV2(into found: inout CgroupStatistics) throws(SystemError) {
        let controllers = ControllerSet(names: try text("cgroup.controllers")?.words ?? [], unified: true)
        if found.cpu.total == 0, let cpu = try table("cpu.stat") {
            found.cpu.total = (cpu["usage_usec"] ?? 0) &* 1000
            found.cpu.user = (cpu["user_usec"] ?? 0) &* 1000
            found.cpu.kernel = (cpu["system_usec"] ?? 0) &* 1000
            found.cpu.periods = cpu["nr_periods"] ?? 0
            found.cpu.throttledPeriods = cpu["nr_throttled"] ?? 0
            found.cpu.throttledTime = (cpu["throttled_usec"] ?? 0) &* 1000
        }
        found.cpu.pressure = try pressure("cpu.pressure")
        found.memory.pressure = try pressure("memory.pressure")
        found.blockIO.pressure = try pressure("io.pressure")
        if controllers.contains(.memory) { try readMemoryV2(into: &found.memory) }
        if controllers.contains(.pids) {
            found.pids.current = try number("pids.current")
            let limit = try number("pids.max")
            found.pids.limit = limit == .max ? 0 : limit
        }
        if controllers.contains(.blkio) { try readBlockIO(into: &found.blockIO) }
        if controllers.contains(.hugetlb) {
            for size in try pageSizes(suffix: ".current") {
                let prefix = try reservationPrefix(size, file: ".current")
                found.hugetlb.append(
                    CgroupStatistics.Hugetlb(
                        pageSize: size, usage: try number(prefix + ".current"), peak: 0,
                        failures: try table("hugetlb." + size + ".events")?["max"] ?? 0))
            }
        }
    }

    private func readMemoryV2(into memory: inout CgroupStatistics.Memory) throws(SystemError) {
        let statistics = try table("memory.stat")
        memory.raw = (statistics?.values ?? []).ordered { $0.key < $1.key }
        memory.cache = statistics?["file"] ?? 0
        memory.usage.limit = try number("memory.max")
        memory.usage.usage = try number("memory.current")
        memory.usage.peak = try number("memory.peak")
        memory.usage.failures = try table("memory.events")?["max"] ?? 0
        // As on v1, this counts memory and swap together, because engines expect that.
        let limit = try number("memory.swap.max")
        memory.swap.limit = [limit, memory.usage.limit].contains(.max) ? .max : limit &+ memory.usage.limit
        memory.swap.usage = try number("memory.swap.current") &+ memory.usage.usage
        memory.swap.failures = try table("memory.swap.events")?["max"] ?? 0
    }

    /// Reads lines of the form "MAJOR:MINOR rbytes=… wbytes=… rios=… wios=… …".
    private func readBlockIO(into io: inout CgroupStatistics.BlockIO) throws(SystemError) {
        for line in try text("io.stat")?.split(separator: UInt8(ascii: "\n")) ?? [] {
            let words = line.words
            guard let (major, minor) = words.first?.deviceNumbers else { continue }
            for word in words.dropFirst() {
                guard let (key, text) = word.splitOnce(separator: UInt8(ascii: "=")), let value = text.decimal(as: UInt64.self)
                else {
                    continue
                }
                let operation: ByteString = key.hasPrefix("r") ? "Read" : key.hasPrefix("w") ? "Write" : "Discard"
                let entry = CgroupStatistics.BlockIO.Entry(major: major, minor: minor, operation: operation, value: value)
                switch key {
                case "rbytes", "wbytes", "dbytes": io.serviceBytes.append(entry)
                case "rios", "wios", "dios": io.serviced.append(entry)
                default: continue
                }
            }
        }
    }
}
