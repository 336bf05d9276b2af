import Bytes
import CLinux
import Linux
import OCI
import Testing

@testable import Cgroups

@Suite struct StatisticsTests {
    private let tree: TemporaryTree

    init() throws {
        tree = try TemporaryTree()
        try tree.makeDirectory("ct")
    }

    private func put(_ files: [(ByteString, ByteString)]) throws {
        for (name, text) in files { try tree.put("ct/" + name, text) }
    }

    private func json(_ version: Hierarchy.Version, _ subsystems: ByteString = "") throws -> String {
        let cgroup = try Cgroup(host: .made(of: [tree.hierarchy(version, subsystems)]), path: CgroupPath("/ct", id: "x"))
        let statistics = try cgroup.statistics()
        var writer = JSONWriter()
        writer.object { statistics.write(to: &$0, resctrl: { _ in }) }
        return ByteString(writer.bytes).displayText
    }

    /// The expected text is what runc 1.1.5 prints for the same files.
    @Test func printsV1AsRuncDoes() throws {
        try put([
            ("cpuacct.usage", "12854792\n"), ("cpuacct.usage_percpu", "7437874 5416918 \n"),
            ("cpuacct.usage_all", "cpu user system\n0 0 12000000\n1 0 0\n"), ("cpuacct.stat", "user 0\nsystem 1\n"),
            ("cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n"), ("cpuset.cpus", "0-1\n"), ("cpuset.mems", "0\n"),
            ("cpuset.sched_load_balance", "1\n"), ("cpuset.sched_relax_domain_level", "-1\n"),
            ("memory.stat", "cache 2007040\nrss 53248\nactive_anon 4096\n"),
            ("memory.usage_in_bytes", "2584576\n"), ("memory.max_usage_in_bytes", "2768896\n"),
            ("memory.limit_in_bytes", "9223372036854771712\n"), ("memory.failcnt", "0\n"),
            ("memory.kmem.tcp.limit_in_bytes", "9223372036854771712\n"), ("memory.kmem.tcp.failcnt", "0\n"),
            ("pids.current", "1\n"), ("pids.max", "max\n"),
            ("blkio.throttle.io_service_bytes_recursive", "254:0 Read 2007040\n254:0 Write 0\nTotal 2007040\n"),
            ("blkio.throttle.io_serviced_recursive", "254:0 Read 10\nTotal 10\n"),
            ("blkio.bfq.io_serviced_recursive", "Total 0\n"),
        ])
        let expected =
            #"{"cpu":{"usage":{"total":12854792,"percpu":[7437874,5416918],"percpu_kernel":[12000000,0],"percpu_user":[0,0],"#
            + #""kernel":10000000,"user":0},"throttling":{}},"cpuset":{"cpus":[0,1],"cpu_exclusive":0,"mems":[0],"mem_hardwall":0,"#
            + #""mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"#
            + #""sched_load_balance":1,"sched_relax_domain_level":-1},"memory":{"cache":2007040,"usage":{"limit":9223372036854771712,"#
            + #""usage":2584576,"max":2768896,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},"#
            + #""kernelTCP":{"limit":9223372036854771712,"failcnt":0},"raw":{"active_anon":4096,"cache":2007040,"rss":53248}},"#
            + #""pids":{"current":1},"blkio":{"ioServiceBytesRecursive":[{"major":254,"op":"Read","value":2007040},"#
            + #"{"major":254,"op":"Write"}],"ioServicedRecursive":[{"major":254,"op":"Read","value":10}]},"hugetlb":{},"#
            + #""intel_rdt":{},"network_interfaces":null}"#
        #expect(try json(.v1, "cpu,cpuacct,cpuset,memory,pids,blkio") == expected)
    }

    @Test func countsV2AsV1Does() throws {
        try put([
            ("cgroup.controllers", "cpuset cpu io memory hugetlb pids\n"),
            (
                "cpu.stat",
                "usage_usec 12\nuser_usec 5\nsystem_usec 7\nnr_periods 3\nnr_throttled 2\nthrottled_usec 9\nnice_usec 0\n"
            ),
            ("cpu.pressure", "some avg10=0.12 avg60=1.00 avg300=0.00 total=34\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"),
            ("memory.current", "1000\n"), ("memory.max", "4000\n"), ("memory.peak", "2000\n"),
            ("memory.events", "low 0\nhigh 0\nmax 6\noom 0\noom_kill 0\n"), ("memory.stat", "file 300\nanon 200\n"),
            ("memory.swap.current", "50\n"), ("memory.swap.max", "500\n"), ("memory.swap.events", "high 0\nmax 1\nfail 0\n"),
            ("pids.current", "3\n"), ("pids.max", "20\n"),
            ("io.stat", "8:16 rbytes=10 wbytes=0 rios=1 wios=2 dbytes=7 dios=3\n8:0 \n"), ("hugetlb.2MB.current", "0\n"),
            ("hugetlb.2MB.rsvd.current", "4194304\n"), ("hugetlb.2MB.events", "max 5\n"), ("hugetlb.1GB.current", "1\n"),
        ])
        let text = try json(.v2)
        #expect(
            text.hasPrefix(
                #"{"cpu":{"usage":{"total":12000,"kernel":7000,"user":5000},"throttling":{"periods":3,"throttledPeriods":2,"#
                    + #""throttledTime":9000},"psi":{"some":{"avg10":0.12,"avg60":1.00,"avg300":0.00,"total":34},"#
                    + #""full":{"avg10":0.00,"avg60":0.00,"avg300":0.00,"total":1}}}"#))
        #expect(
            text.contains(
                #""memory":{"cache":300,"usage":{"limit":4000,"usage":1000,"max":2000,"failcnt":6},"#
                    + #""swap":{"limit":4500,"usage":1050,"failcnt":1},"kernel":{"limit":0,"failcnt":0},"#
                    + #""kernelTCP":{"limit":0,"failcnt":0},"raw":{"anon":200,"file":300}},"pids":{"current":3,"limit":20}"#))
        #expect(
            text.contains(
                #""blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":16,"op":"Read","value":10},"#
                    + #"{"major":8,"minor":16,"op":"Write"},{"major":8,"minor":16,"op":"Discard","value":7}],"#
                    + #""ioServicedRecursive":[{"major":8,"minor":16,"op":"Read","value":1},"#
                    + #"{"major":8,"minor":16,"op":"Write","value":2},{"major":8,"minor":16,"op":"Discard","value":3}]}"#))
        #expect(text.contains(#""hugetlb":{"1GB":{"usage":1,"failcnt":0},"2MB":{"usage":4194304,"failcnt":5}}"#))
    }

    @Test func takesUnlimitedSwapForUnlimited() throws {
        try put([
            ("cgroup.controllers", "memory\n"), ("memory.current", "1000\n"), ("memory.max", "max\n"),
            ("memory.swap.max", "500\n"),
        ])
        #expect(try json(.v2).contains(#""swap":{"limit":18446744073709551615,"usage":1000,"failcnt":0}"#))
    }

    @Test func keepsPressureThatIsNoNumberOutOfJSON() throws {
        try put([("cgroup.controllers", ""), ("cpu.pressure", "some avg10=x avg60=0.00 avg300=0.00 total=1\n")])
        #expect(try !json(.v2).contains("psi"))
    }
}

@Suite(.enabled(if: LiveHost.hasV1 || LiveHost.isUnified, Comment(rawValue: LiveHost.reason)), .serialized)
struct LiveStatisticsTests {
    private let live: LiveCgroup

    init() throws { live = try LiveCgroup(LiveHost.detected(), LiveHost.path()) }

    @Test func countsWhatAProcessUses() throws {
        #expect(try live.exitStatus(of: "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 5") == 5)
        _ = try live.spawn()
        let found = try live.cgroup.statistics()
        #expect(found.cpu.total > 1_000_000)
        #expect(found.memory.raw.count > 10)
        #expect(found.pids.current == 1)
    }

    @Test func hearsOfKillsForWantOfMemory() throws {
        let resources = try Resources(#"{"memory":{"limit":8388608,"swap":8388608}}"#)
        try live.cgroup.apply(ResourcePlan(resources, locations: live.cgroup.controllers(), devices: false))
        guard let watch = try live.cgroup.watchOutOfMemory() else {
            Issue.record("there is nothing to watch")
            return
        }
        #expect(watch.take().isEmpty)
        #expect(!live.cgroup.hasOOMKill())
        // tail stores its input until the input ends.
        #expect(try live.exitStatus(of: "exec 2>/dev/null; head -c 64000000 /dev/zero | tail -n 1 >/dev/null; exit 0") == 0)
        var request = watch.pollRequest
        let isTold = request.wait(milliseconds: 5000)
        #expect(isTold)
        let events = watch.take()
        #expect(events.count == 1)
        if case .outOfMemory? = events.first {} else { Issue.record("it heard of something else") }
        #expect(live.cgroup.hasOOMKill())
    }
}
