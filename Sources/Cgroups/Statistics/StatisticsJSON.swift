import Bytes
public import OCI

extension CgroupStatistics {
    /// Writes the members of `data` of an event, with runc's names in runc's order. As in runc, most members that are 0 are
    /// left out.
    ///
    /// - Parameters:
    ///   - json: Where to write.
    ///   - writeResctrl: Writes the members about the container's resctrl group.
    public func write(to json: inout JSONWriter, resctrl writeResctrl: (inout JSONWriter) -> Void) {
        json.object("cpu") { cpu.write(to: &$0) }
        json.object("cpuset") { cpuset.write(to: &$0) }
        json.object("memory") { memory.write(to: &$0) }
        json.object("pids") {
            $0.nonzero("current", pids.current)
            $0.nonzero("limit", pids.limit)
        }
        json.object("blkio") { blockIO.write(to: &$0) }
        json.object("hugetlb") { json in
            for entry in hugetlb {
                json.object(named: entry.pageSize) {
                    $0.nonzero("usage", entry.usage)
                    $0.nonzero("max", entry.peak)
                    $0.member("failcnt", entry.failures)
                }
            }
        }
        json.object("intel_rdt", writeResctrl)
        json.member(null: "network_interfaces")
    }
}

extension CgroupStatistics.CPU {
    fileprivate func write(to json: inout JSONWriter) {
        json.object("usage") {
            $0.nonzero("total", total)
            $0.list("percpu", perCPU)
            $0.list("percpu_kernel", kernelPerCPU)
            $0.list("percpu_user", userPerCPU)
            $0.member("kernel", kernel)
            $0.member("user", user)
        }
        json.object("throttling") {
            $0.nonzero("periods", periods)
            $0.nonzero("throttledPeriods", throttledPeriods)
            $0.nonzero("throttledTime", throttledTime)
        }
        pressure?.write(to: &json)
    }
}

extension CgroupStatistics.Cpuset {
    fileprivate func write(to json: inout JSONWriter) {
        json.list("cpus", cpus)
        json.member("cpu_exclusive", cpuExclusive)
        json.list("mems", mems)
        json.member("mem_hardwall", memHardwall)
        json.member("mem_exclusive", memExclusive)
        json.member("memory_migrate", memoryMigrate)
        json.member("memory_spread_page", memorySpreadPage)
        json.member("memory_spread_slab", memorySpreadSlab)
        json.member("memory_pressure", memoryPressure)
        json.member("sched_load_balance", schedLoadBalance)
        json.member("sched_relax_domain_level", schedRelaxDomainLevel)
    }
}

extension CgroupStatistics.Memory {
    fileprivate func write(to json: inout JSONWriter) {
        json.nonzero("cache", cache)
        json.object("usage") { usage.write(to: &$0) }
        json.object("swap") { swap.write(to: &$0) }
        json.object("kernel") { kernel.write(to: &$0) }
        json.object("kernelTCP") { kernelTCP.write(to: &$0) }
        if !raw.isEmpty {
            json.object("raw") { json in
                for entry in raw { json.member(named: entry.key, entry.value) }
            }
        }
        pressure?.write(to: &json)
    }
}

extension CgroupStatistics.Memory.Account {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("limit", limit)
        json.nonzero("usage", usage)
        json.nonzero("max", peak)
        json.member("failcnt", failures)
    }
}

extension CgroupStatistics.BlockIO {
    fileprivate func write(to json: inout JSONWriter) {
        entries("ioServiceBytesRecursive", serviceBytes, to: &json)
        entries("ioServicedRecursive", serviced, to: &json)
        pressure?.write(to: &json)
    }

    private func entries(_ name: StaticString, _ entries: [Entry], to json: inout JSONWriter) {
        guard !entries.isEmpty else { return }
        json.array(name) { json in
            for entry in entries {
                json.object {
                    $0.nonzero("major", entry.major)
                    $0.nonzero("minor", entry.minor)
                    $0.member("op", entry.operation)
                    $0.nonzero("value", entry.value)
                }
            }
        }
    }
}

extension CgroupStatistics.Pressure {
    fileprivate func write(to json: inout JSONWriter) {
        json.object("psi") {
            some?.write("some", to: &$0)
            full?.write("full", to: &$0)
        }
    }
}

extension CgroupStatistics.Pressure.Line {
    fileprivate func write(_ name: StaticString, to json: inout JSONWriter) {
        json.object(name) {
            $0.member("avg10", number: average10)
            $0.member("avg60", number: average60)
            $0.member("avg300", number: average300)
            $0.member("total", total)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func nonzero(_ name: StaticString, _ value: UInt64) {
        if value != 0 { member(name, value) }
    }

    fileprivate mutating func list(_ name: StaticString, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        array(name) { json in
            for value in values { json.element(value) }
        }
    }
}
