import Bytes
import Errors
import OCI
import Testing

@testable import Cgroups

@Suite struct V1ConversionTests {
    @Test(
        arguments: [
            (#"{"memory":{"limit":1048576}}"#, ["memory.limit_in_bytes = 1048576"]),
            (
                #"{"memory":{"limit":1048576,"swap":2097152}}"#,
                ["memory.limit_in_bytes = 1048576", "memory.memsw.limit_in_bytes = 2097152"]
            ),
            (#"{"memory":{"limit":-1}}"#, ["memory.limit_in_bytes = -1", "memory.memsw.limit_in_bytes = -1?"]),
            (#"{"memory":{"swap":-1}}"#, ["memory.memsw.limit_in_bytes = -1?"]),
            (#"{"memory":{"reservation":5}}"#, ["memory.soft_limit_in_bytes = 5"]),
            (
                #"{"memory":{"kernel":7,"kernelTCP":8}}"#,
                ["memory.kmem.limit_in_bytes = 7?", "memory.kmem.tcp.limit_in_bytes = 8"]
            ),
            (#"{"memory":{"kernel":-1}}"#, ["memory.kmem.limit_in_bytes = -1?"]),
            (#"{"memory":{"swappiness":0}}"#, ["memory.swappiness = 0"]),
            (#"{"memory":{"disableOOMKiller":true}}"#, ["memory.oom_control = 1"]),
            (#"{"memory":{"useHierarchy":true}}"#, ["memory.use_hierarchy = 1"]),
            (#"{"cpu":{"shares":2}}"#, ["cpu.shares = 2"]),
            (#"{"cpu":{"quota":50000,"period":100000}}"#, ["cpu.cfs_period_us = 100000", "cpu.cfs_quota_us = 50000"]),
            (#"{"cpu":{"quota":-1,"burst":0}}"#, ["cpu.cfs_quota_us = -1", "cpu.cfs_burst_us = 0?"]),
            (#"{"cpu":{"quota":2000,"burst":1000}}"#, ["cpu.cfs_quota_us = 2000", "cpu.cfs_burst_us = 1000"]),
            (#"{"cpu":{"realtimePeriod":10,"realtimeRuntime":5}}"#, ["cpu.rt_period_us = 10", "cpu.rt_runtime_us = 5"]),
            (#"{"cpu":{"idle":1}}"#, ["cpu.idle = 1"]),
            (#"{"cpu":{"cpus":"0-1","mems":"0"}}"#, ["cpuset.cpus = 0-1", "cpuset.mems = 0"]),
            (#"{"pids":{"limit":0}}"#, ["pids.max = 0"]),
            (#"{"pids":{"limit":-1}}"#, ["pids.max = max"]),
            (#"{"blockIO":{"weight":10}}"#, ["blkio.weight = 10 or blkio.bfq.weight = 10"]),
            (#"{"blockIO":{"leafWeight":20}}"#, ["blkio.leaf_weight = 20"]),
            (
                #"{"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":500,"leafWeight":300}]}}"#,
                ["blkio.weight_device = 8:0 500 or blkio.bfq.weight_device = 8:0 500", "blkio.leaf_weight_device = 8:0 300"]
            ),
            (
                #"{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1}],"#
                    + #""throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":2}]}}"#,
                ["blkio.throttle.read_bps_device = 8:0 1", "blkio.throttle.write_bps_device = 8:0 2"]
            ),
            (
                #"{"blockIO":{"throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":0}],"#
                    + #""throttleWriteIOPSDevice":[{"major":8,"minor":1,"rate":18446744073709551615}]}}"#,
                ["blkio.throttle.read_iops_device = 8:0 0", "blkio.throttle.write_iops_device = 8:1 18446744073709551615"]
            ),
            (
                #"{"hugepageLimits":[{"pageSize":"2MB","limit":4}]}"#,
                ["hugetlb.2MB.limit_in_bytes = 4", "hugetlb.2MB.rsvd.limit_in_bytes = 4?"]
            ),
            (#"{"network":{"classID":1048577}}"#, ["net_cls.classid = 1048577"]),
            (#"{"network":{"priorities":[{"name":"lo","priority":3}]}}"#, ["net_prio.ifpriomap = lo 3"]),
            (#"{"rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000}}}"#, ["rdma.max = mlx5_1 hca_handle=3 hca_object=10000"]),
            (#"{"rdma":{"rxe3":{"hcaObjects":1}}}"#, ["rdma.max = rxe3 hca_object=1"]),
        ] as [(String, [String])])
    func writesTheFilesOfTheController(json: String, expected: [String]) throws {
        #expect(try writes(json, on: .legacy) == expected)
    }

    @Test func writesNothingForDockersZeros() throws {
        let json = #"""
            {"memory":{"disableOOMKiller":false,"limit":0,"reservation":0,"swap":0,"kernel":0},
             "cpu":{"shares":0,"quota":0,"period":0,"cpus":"","mems":""},"blockIO":{"weight":0}}
            """#
        #expect(try writes(json, on: .legacy) == [])
        #expect(try writes(json, on: .unified) == [])
        #expect(try writes(json, on: .absent) == [])
    }

    @Test(arguments: [
        (#"{"cpu":{"shares":1}}"#, "/linux/resources/cpu/shares"),
        (#"{"cpu":{"shares":262145}}"#, "/linux/resources/cpu/shares"),
        (#"{"unified":{"memory.max":"1"}}"#, "/linux/resources/unified/memory.max"),
    ])
    func refusesWhatTheKernelWouldTakeForSomethingElse(json: String, pointer: String) throws {
        #expect(try refusal(json, on: .legacy).pointer == pointer)
    }

    @Test(arguments: [
        (#"{"memory":{"limit":5}}"#, "memory", "/linux/resources/memory"),
        (#"{"cpu":{"cpus":"0"}}"#, "cpuset", "/linux/resources/cpu"),
        (#"{"cpu":{"shares":9}}"#, "cpu", "/linux/resources/cpu"),
        (#"{"pids":{"limit":5}}"#, "pids", "/linux/resources/pids/limit"),
        (#"{"blockIO":{"weight":50}}"#, "blkio", "/linux/resources/blockIO"),
        (#"{"hugepageLimits":[{"pageSize":"2MB","limit":4}]}"#, "hugetlb", "/linux/resources/hugepageLimits"),
        (#"{"network":{"classID":1}}"#, "net_cls", "/linux/resources/network/classID"),
        (#"{"network":{"priorities":[{"name":"lo","priority":3}]}}"#, "net_prio", "/linux/resources/network/priorities"),
        (#"{"rdma":{"x":{"hcaObjects":1}}}"#, "rdma", "/linux/resources/rdma"),
    ])
    func namesTheControllerThatTheHostHasNot(json: String, controller: String, pointer: String) throws {
        let error = try refusal(json, on: .absent)
        #expect(error.sentence.contains(" \(controller) controller"))
        #expect(error.pointer == pointer)
        #expect(error.code == .unsupported)
    }

    @Test func putsOffWhatWouldBindTheRuntimeItself() throws {
        let plan = try ResourcePlan(Resources(#"{"pids":{"limit":0},"cpu":{"shares":5}}"#), locations: .legacy, devices: false)
        #expect(plan.steps.flatMap { $0.lines } == ["cpu.shares = 5"])
        #expect(plan.lateSteps.flatMap { $0.lines } == ["pids.max = 0"])
    }
}
