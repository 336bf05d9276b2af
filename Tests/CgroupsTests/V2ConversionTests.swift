import Bytes
import Errors
import Foundation
import OCI
import Testing

@testable import Cgroups

@Suite struct V2ConversionTests {
    @Test(
        arguments: [
            (#"{"memory":{"limit":1048576}}"#, ["memory.max = 1048576"]),
            (#"{"memory":{"limit":100,"swap":300}}"#, ["memory.max = 100", "memory.swap.max = 200"]),
            (#"{"memory":{"limit":100,"swap":100}}"#, ["memory.max = 100", "memory.swap.max = 0?"]),
            (#"{"memory":{"limit":100,"swap":-1}}"#, ["memory.max = 100", "memory.swap.max = max?"]),
            (#"{"memory":{"limit":-1}}"#, ["memory.max = max", "memory.swap.max = max?"]),
            (#"{"memory":{"swap":300}}"#, ["memory.swap.max = 300 - memory.max"]),
            (#"{"memory":{"swap":-1}}"#, ["memory.swap.max = max?"]),
            (#"{"memory":{"reservation":-1}}"#, ["memory.low = max"]),
            (#"{"memory":{"limit":5,"checkBeforeUpdate":true}}"#, ["usage <= 5 + 0", "memory.max = 5"]),
            (#"{"memory":{"kernel":-1,"kernelTCP":-1,"useHierarchy":true,"disableOOMKiller":false}}"#, []),
            (#"{"cpu":{"shares":1024}}"#, ["cpu.weight = 100"]),
            (#"{"cpu":{"quota":50000,"period":100000}}"#, ["cpu.max = 50000 100000"]),
            (#"{"cpu":{"quota":50000}}"#, ["cpu.max = 50000"]),
            (#"{"cpu":{"quota":-1,"period":5000}}"#, ["cpu.max = max 5000"]),
            (#"{"cpu":{"period":5000}}"#, ["cpu.max = present quota, 5000"]),
            (#"{"cpu":{"quota":2000,"burst":1000,"idle":1}}"#, ["cpu.idle = 1", "cpu.max = 2000", "cpu.max.burst = 1000"]),
            (#"{"cpu":{"cpus":"0-3,7","mems":"0"}}"#, ["cpuset.cpus = 0-3,7", "cpuset.mems = 0"]),
            (#"{"pids":{"limit":0}}"#, ["pids.max = 0"]),
            (#"{"blockIO":{"weight":1000}}"#, ["io.bfq.weight = 1000 or io.weight = 10000"]),
            (
                #"{"blockIO":{"weightDevice":[{"major":8,"minor":16,"weight":10}]}}"#,
                ["io.bfq.weight = 8:16 10 or io.weight = 8:16 1"]
            ),
            (
                #"{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1}],"#
                    + #""throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":2}],"#
                    + #""throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":0}],"#
                    + #""throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":4}]}}"#,
                ["io.max = 8:0 rbps=1", "io.max = 8:0 wbps=2", "io.max = 8:0 riops=max", "io.max = 8:0 wiops=4"]
            ),
            (#"{"hugepageLimits":[{"pageSize":"1GB","limit":0}]}"#, ["hugetlb.1GB.max = 0", "hugetlb.1GB.rsvd.max = 0?"]),
            (#"{"rdma":{"mlx5_1":{"hcaHandles":3}}}"#, ["rdma.max = mlx5_1 hca_handle=3"]),
            (#"{"unified":{"memory.high":"10","cpu.pressure":"some 1 2"}}"#, ["memory.high = 10", "cpu.pressure = some 1 2"]),
            (
                #"{"unified":{"io.max":"259:0 rbps=2097152 wiops=120\n253:0 rbps=2097152\n"}}"#,
                ["io.max = 259:0 rbps=2097152 wiops=120", "io.max = 253:0 rbps=2097152"]
            ),
            (#"{"unified":{"cgroup.max.depth":"3","newthing.max":"1"}}"#, ["cgroup.max.depth = 3", "newthing.max = 1"]),
        ] as [(String, [String])])
    func convertsToTheFilesOfTheUnifiedHierarchy(json: String, expected: [String]) throws {
        #expect(try writes(json, on: .unified) == expected)
    }

    @Test(
        arguments: [
            (0, 1), (1, 1), (2, 1), (3, 2), (100, 17), (512, 59), (1023, 100), (1024, 100), (1025, 101), (2048, 174),
            (10_000, 627),
            (262_143, 10_000), (262_144, 10_000), (UInt64.max, 10_000),
        ] as [(UInt64, UInt64)])
    func bendsSharesToWeights(shares: UInt64, weight: UInt64) {
        #expect(V2.weight(shares: shares) == weight)
    }

    @Test func bendsAllSharesAsTheFormulaDoes() {
        let wrong = (UInt64(3)..<262_144).filter { shares in
            let doublings = log2(Double(shares))
            let exponent = (doublings * doublings + 125 * doublings) / 612 - 7.0 / 34
            return V2.weight(shares: shares) != UInt64(pow(10, exponent).rounded(.up))
        }
        #expect(wrong == [])
    }

    @Test func neverRanksMoreSharesLower() {
        var last: UInt64 = 0
        for shares in stride(from: UInt64(2), through: 262_144, by: 7) {
            let weight = V2.weight(shares: shares)
            #expect(weight >= last)
            last = weight
        }
    }

    @Test(arguments: [(10, 1), (500, 4950), (1000, 10_000)] as [(UInt16, UInt64)])
    func stretchesBlockWeights(v1: UInt16, v2: UInt64) {
        #expect(V2.ioWeight(v1) == v2)
    }

    @Test(arguments: [
        (#"{"memory":{"kernel":5}}"#, "memory/kernel"), (#"{"memory":{"kernelTCP":5}}"#, "memory/kernelTCP"),
        (#"{"memory":{"swappiness":60}}"#, "memory/swappiness"),
        (#"{"memory":{"disableOOMKiller":true}}"#, "memory/disableOOMKiller"),
        (#"{"memory":{"useHierarchy":false}}"#, "memory/useHierarchy"),
        (#"{"cpu":{"realtimeRuntime":5}}"#, "cpu/realtimeRuntime"),
        (#"{"cpu":{"realtimePeriod":5}}"#, "cpu/realtimePeriod"), (#"{"blockIO":{"leafWeight":50}}"#, "blockIO/leafWeight"),
        (#"{"blockIO":{"weightDevice":[{"major":8,"minor":0,"leafWeight":50}]}}"#, "blockIO/weightDevice/0/leafWeight"),
        (#"{"network":{"classID":1}}"#, "network/classID"),
        (#"{"network":{"priorities":[{"name":"lo","priority":3}]}}"#, "network/priorities"),
        (#"{"unified":{"misc.max":"x 1"}}"#, "unified/misc.max"),
    ])
    func refusesByNameWhatV2HasNot(json: String, property: String) throws {
        let error = try refusal(json, on: .unified)
        #expect(error.pointer == "/linux/resources/" + property)
        #expect(error.code == .unsupported)
    }

    @Test func refusesAUnifiedFileOfAControllerThatTheHostHasNot() throws {
        let error = try refusal(#"{"unified":{"misc.max":"sgx_epc 1"}}"#, on: .unified)
        #expect(error.code == .unsupported)
        #expect(error.pointer == "/linux/resources/unified/misc.max")
    }

    @Test func asksForTheControllersOfItsFiles() throws {
        let json = #"{"memory":{"limit":5},"cpu":{"shares":0},"unified":{"pids.max":"1","cpu.pressure":"x"}}"#
        let plan = try ResourcePlan(Resources(json), locations: .unified, devices: false)
        #expect(plan.unifiedControllers == ControllerSet([ControllerSet(.memory), ControllerSet(.pids)]))
    }

    @Test func pointsIntoTheDocumentThatItWasGiven() throws {
        let resources = try Resources(#"{"memory":{"kernel":5}}"#)
        let error = try #require(throws: RuntimeError.self) {
            try ResourcePlan(resources, locations: .unified, devices: false, base: "")
        }
        #expect(error.pointer == "/memory/kernel")
    }
}
