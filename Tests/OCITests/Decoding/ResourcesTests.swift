import Bytes
import Errors
import Testing

@testable import OCI

@Suite struct ResourcesTests {
    private func resources(_ members: String) throws -> Resources { try Resources(parsing: Array("{\(members)}".utf8)) }

    @Test func leavesOutWhatTheDocumentLeavesOut() throws {
        let resources = try resources("")
        #expect(resources.memory == nil && resources.cpu == nil && resources.pidsLimit == nil && resources.blockIO == nil)
        #expect(resources.network == nil && resources.devices.isEmpty && resources.hugepageLimits.isEmpty)
        #expect(resources.rdma.isEmpty && resources.unified.isEmpty)
    }

    @Test func decodesDeviceRules() throws {
        let rules = try resources(
            #""devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": -1, "access": "mr"}, {"allow": true, "type": "b", "major": 0, "minor": 4294967295, "access": "w"}, {"allow": true, "type": "", "major": null, "access": "rr"}, {"allow": true, "type": "a", "major": -1, "minor": -1, "access": "m"}]"#
        ).devices
        #expect(rules.map(\.allow) == [false, true, true, true, true])
        #expect(rules.map(\.kind) == [.all, .character, .block, .all, .all])
        #expect(rules.map(\.major) == [nil, 1, 0, nil, nil])
        #expect(rules.map(\.minor) == [nil, nil, UInt32.max, nil, nil])
        #expect(rules.map(\.read) == [true, true, false, true, false])
        #expect(rules.map(\.write) == [true, false, true, false, false])
        #expect(rules.map(\.mknod) == [true, true, false, false, true])
    }

    @Test func decodesMemory() throws {
        let memory = try #require(
            try resources(
                #""memory": {"limit": 536870912, "reservation": 0, "swap": -1, "kernel": -1, "kernelTCP": 9223372036854775807, "swappiness": 100, "disableOOMKiller": true, "useHierarchy": false, "checkBeforeUpdate": true}"#
            ).memory)
        #expect(memory.limit?.number == 536_870_912 && memory.reservation == nil && memory.swap?.isUnlimited == true)
        #expect(memory.kernel?.number == -1 && memory.kernelTCP?.number == Int64.max && memory.swappiness == 100)
        #expect(memory.disableOOMKiller == true && memory.useHierarchy == false && memory.checkBeforeUpdate == true)
    }

    @Test func decodesCPU() throws {
        let cpu = try #require(
            try resources(
                #""cpu": {"shares": 0, "quota": 50000, "burst": 50000, "period": 100000, "realtimeRuntime": 950000, "realtimePeriod": 1000000, "cpus": "0-1,3", "mems": "0", "idle": 1}"#
            ).cpu)
        #expect(cpu.shares == nil && cpu.quota?.number == 50000 && cpu.burst == 50000 && cpu.period == 100_000)
        #expect(cpu.realtimeRuntime?.number == 950_000 && cpu.realtimePeriod == 1_000_000)
        #expect(cpu.cpus?.text == "0-1,3" && cpu.mems?.text == "0" && cpu.idle == true)
        #expect(try resources(#""cpu": {"cpus": "", "quota": -1, "burst": 5}"#).cpu?.cpus == nil)
    }

    @Test(arguments: [-1, 0, 1, Int64.max]) func decodesThePidsLimit(_ limit: Int64) throws {
        #expect(try resources(#""pids": {"limit": \#(limit)}"#).pidsLimit?.number == limit)
    }

    @Test func decodesBlockIO() throws {
        let blockIO = try #require(
            try resources(
                #"""
                "blockIO": {"weight": 0, "leafWeight": 10,
                "weightDevice": [{"major": 8, "minor": 16, "weight": 1000}, {"major": 8, "minor": 0, "leafWeight": 10}],
                "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 18446744073709551615}],
                "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 2}],
                "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 3}],
                "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 0}]}
                """#
            ).blockIO)
        #expect(blockIO.weight == nil && blockIO.leafWeight?.number == 10)
        #expect(blockIO.weightDevice.map(\.device.text) == ["8:16", "8:0"])
        #expect(blockIO.weightDevice.map(\.weight?.number) == [1000, nil])
        #expect(blockIO.weightDevice.map(\.leafWeight?.number) == [nil, 10])
        #expect(blockIO.throttleReadBpsDevice.map(\.rate) == [UInt64.max])
        #expect(blockIO.throttleWriteBpsDevice.map(\.device.minor) == [2])
        #expect(blockIO.throttleReadIOPSDevice.map(\.device.minor) == [3])
        #expect(blockIO.throttleWriteIOPSDevice.map(\.rate) == [0])
    }

    @Test func decodesTheRest() throws {
        let resources = try resources(
            #"""
            "hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}, {"pageSize": "64KB", "limit": 1}, {"pageSize": "1GB", "limit": 0}],
            "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
            "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}, "rxe3": {"hcaObjects": 4294967295}},
            "unified": {"io.max": "259:0 rbps=1\n\n253:0 rbps=2\n", "hugetlb.1GB.max": "0"}
            """#)
        #expect(resources.hugepageLimits.map(\.pageSize.text) == ["2MB", "64KB", "1GB"])
        #expect(resources.hugepageLimits.map(\.limit) == [209_715_200, 1, 0])
        #expect(resources.network?.classID == 1_048_577)
        #expect(resources.network?.priorities.map(\.name.text) == ["eth0"])
        #expect(resources.network?.priorities.map(\.priority) == [500])
        #expect(resources.rdma.map(\.device.text) == ["mlx5_1", "rxe3"])
        #expect(resources.rdma.map(\.hcaHandles) == [3, nil])
        #expect(resources.rdma.map(\.hcaObjects) == [10000, UInt32.max])
        #expect(resources.unified.map(\.file.text) == ["io.max", "hugetlb.1GB.max"])
        #expect(resources.unified.map(\.lines) == [["259:0 rbps=1", "253:0 rbps=2"], ["0"]])
    }

    private static let int64 = "expected an integer from -1 to 9223372036854775807"

    @Test(arguments: [
        (#""devices": [{"access": "r"}]"#, "/devices/0/allow: required property is missing"),
        (#""devices": [{"allow": true}]"#, "/devices/0/access: required property is missing"),
        (#""devices": [{"allow": true, "access": ""}]"#, "/devices/0/access: must not be empty"),
        (
            #""devices": [{"allow": true, "access": "rx"}]"#,
            "/devices/0/access: \"rx\" must be made of r (read), w (write) and m (mknod)"
        ),
        (
            #""devices": [{"allow": true, "type": "p", "access": "r"}]"#,
            "/devices/0/type: \"p\" is no device type; known are c, b, a"
        ),
        (
            #""devices": [{"allow": true, "major": -2, "access": "r"}]"#,
            "/devices/0/major: expected an integer from -1 to 4294967295, found the number -2"
        ),
        (#""memory": {"limit": -2}"#, "/memory/limit: \(int64), found the number -2"),
        (#""memory": {"limit": 9223372036854775808}"#, "/memory/limit: \(int64), found the number 9223372036854775808"),
        (#""memory": {"limit": 1e9}"#, "/memory/limit: \(int64), found the number 1e9"),
        (#""memory": {"limit": "1g"}"#, "/memory/limit: expected an integer, found a string"),
        (#""memory": {"swappiness": 101}"#, "/memory/swappiness: expected an integer from 0 to 100, found the number 101"),
        (#""memory": {"disableOOMKiller": 1}"#, "/memory/disableOOMKiller: expected true or false, found the number 1"),
        (
            #""memory": {"limit": 2, "swap": 1}"#,
            "/memory/swap: 1 is below the memory limit of 2\nswap is the limit of memory and swap together"
        ),
        (
            #""memory": {"limit": -1, "swap": 4}"#,
            "/memory/swap: a limit on memory and swap together needs one on memory, which is unlimited"
        ),
        (#""cpu": {"shares": -1}"#, "/cpu/shares: expected an integer from 0 to 18446744073709551615, found the number -1"),
        (#""cpu": {"quota": -2}"#, "/cpu/quota: \(int64), found the number -2"),
        (#""cpu": {"quota": 4, "burst": 5}"#, "/cpu: the burst of 5 µs is above the quota of 4 µs"),
        (#""cpu": {"cpus": "0,,1"}"#, "/cpu/cpus: \"0,,1\" is no list of numbers and ranges such as 0-3,7"),
        (#""cpu": {"mems": "all"}"#, "/cpu/mems: \"all\" is no list of numbers and ranges such as 0-3,7"),
        (#""cpu": {"idle": 2}"#, "/cpu/idle: expected an integer from 0 to 1, found the number 2"),
        (#""pids": {"limit": -2}"#, "/pids/limit: \(int64), found the number -2"),
        (#""pids": 5"#, "/pids: expected an object, found the number 5"),
        (#""blockIO": {"weight": 9}"#, "/blockIO/weight: a weight must be from 10 to 1000, found 9"),
        (#""blockIO": {"leafWeight": 1001}"#, "/blockIO/leafWeight: a weight must be from 10 to 1000, found 1001"),
        (
            #""blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}"#,
            "/blockIO/weightDevice/0: must have a weight or a leafWeight"
        ),
        (
            #""blockIO": {"weightDevice": [{"minor": 0, "weight": 10}]}"#,
            "/blockIO/weightDevice/0/major: required property is missing"
        ),
        (
            #""blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0}]}"#,
            "/blockIO/throttleReadBpsDevice/0/rate: required property is missing"
        ),
        (
            #""blockIO": {"throttleWriteIOPSDevice": [{"major": -1, "minor": 0, "rate": 1}]}"#,
            "/blockIO/throttleWriteIOPSDevice/0/major: expected an integer from 0 to 4095, found the number -1"
        ),
        (
            #""blockIO": {"throttleReadBpsDevice": [{"major": 4096, "minor": 0, "rate": 1}]}"#,
            "/blockIO/throttleReadBpsDevice/0/major: expected an integer from 0 to 4095, found the number 4096"
        ),
        (
            #""blockIO": {"weightDevice": [{"major": 8, "minor": 1048576, "weight": 10}]}"#,
            "/blockIO/weightDevice/0/minor: expected an integer from 0 to 1048575, found the number 1048576"
        ),
        (#""hugepageLimits": [{"limit": 1}]"#, "/hugepageLimits/0/pageSize: required property is missing"),
        (#""hugepageLimits": [{"pageSize": "2MB"}]"#, "/hugepageLimits/0/limit: required property is missing"),
        (
            #""hugepageLimits": [{"pageSize": "2mb", "limit": 1}]"#,
            "/hugepageLimits/0/pageSize: \"2mb\" is no page size such as 64KB, 2MB, 1GB"
        ),
        (
            #""network": {"classID": 4294967296}"#,
            "/network/classID: expected an integer from 0 to 4294967295, found the number 4294967296"
        ),
        (
            #""network": {"priorities": [{"name": "a b", "priority": 1}]}"#,
            "/network/priorities/0/name: \"a b\" can't be the name of a network interface"
        ),
        (#""network": {"priorities": [{"name": "eth0"}]}"#, "/network/priorities/0/priority: required property is missing"),
        (#""rdma": {"mlx": {}}"#, "/rdma/mlx: must have hcaHandles or hcaObjects"),
        (#""rdma": {"a/b": {"hcaHandles": 1}}"#, "/rdma/a~1b: \"a/b\" can't be the name of an RDMA device"),
        (#""rdma": {"a b": {"hcaHandles": 1}}"#, "/rdma/a b: \"a b\" can't be the name of an RDMA device"),
        (#""unified": {"../x": "1"}"#, "/unified/..~1x: \"../x\" is not the name of a controller's file"),
        (#""unified": {"": "1"}"#, "/unified/: \"\" is not the name of a controller's file"),
        (#""unified": {"cgroup.procs": "1"}"#, "/unified/cgroup.procs: \"cgroup.procs\" is not the name of a controller's file"),
        (#""unified": {"memory.max": ""}"#, "/unified/memory.max: the value is empty"),
        (#""unified": {"memory.max": "\n"}"#, "/unified/memory.max: the value is empty"),
        (#""unified": {"memory.high": 5}"#, "/unified/memory.high: expected a string, found the number 5"),
    ])
    func refuses(_ members: String, _ message: String) {
        #expect(verdict(configWithResources(members)).text == "/linux/resources" + message)
        #expect {
            try resources(members)
        } throws: {
            ($0 as? RuntimeError).map { Verdict($0).text } == message
        }
    }
}
