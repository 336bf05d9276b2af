import Bytes
import Testing

@testable import OCI

@Suite struct LinuxTests {
    private func linux(_ members: String) throws -> LinuxConfig { try Config(parsing: configWithLinux(members)).linux }

    @Test func decodesNamespaces() throws {
        let namespaces = try linux(
            #""namespaces": [{"type": "pid", "path": "/proc/1/ns/pid"}, {"type": "network"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"}, {"type": "time"}]"#
        ).namespaces
        #expect(namespaces.map(\.kind) == Namespace.Kind.allCases)
        #expect(namespaces.map(\.path) == ["/proc/1/ns/pid"] + [ByteString?](repeating: nil, count: 7))
    }

    @Test func decodesMappings() throws {
        let linux = try linux(
            #""namespaces": [{"type": "user"}], "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 65536}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 4294967295}]"#
        )
        #expect(
            linux.uidMappings == [
                IDMapping(containerID: 0, hostID: 1000, size: 1), IDMapping(containerID: 1, hostID: 100000, size: 65536),
            ])
        #expect(linux.gidMappings == [IDMapping(containerID: 0, hostID: 0, size: UInt32.max)])
    }

    @Test func decodesTimeOffsets() throws {
        let offsets = try linux(
            #""namespaces": [{"type": "time"}], "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 999999999}, "boottime": {}}"#
        ).timeOffsets
        #expect(offsets?.monotonic?.secs == -5)
        #expect(offsets?.monotonic?.nanosecs == 999_999_999)
        #expect(offsets?.boottime?.secs == 0)
    }

    @Test func decodesDevices() throws {
        let devices = try linux(
            #""devices": [{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 8630, "uid": 1, "gid": 2}, {"type": "b", "path": "/dev/sda", "major": 4095, "minor": 1048575}, {"type": "u", "path": "/dev/tape", "major": 0, "minor": 0}, {"type": "p", "path": "/run/fifo", "major": 7, "minor": 8}]"#
        ).devices
        #expect(devices.map(\.kind) == [.character, .block, .character, .fifo])
        let fuse = try #require(devices.first)
        #expect(fuse.path == "/dev/fuse" && fuse.major == 10 && fuse.minor == 229)
        #expect(fuse.fileMode == 0o666 && fuse.uid == 1 && fuse.gid == 2)
        #expect(devices[1].fileMode == nil && devices[1].uid == nil && devices[1].gid == nil)
        #expect(devices[3].major == 0 && devices[3].minor == 0)
    }

    @Test func decodesNetDevices() throws {
        let devices = try linux(
            #""namespaces": [{"type": "network"}], "netDevices": {"eth0": {"name": "c0"}, "eth1": {}, "eth2": {"name": "x%d"}, "eth3": {"name": "x%d"}}"#
        ).netDevices
        #expect(devices.map(\.host.text) == ["eth0", "eth1", "eth2", "eth3"])
        #expect(devices.map(\.name?.text) == ["c0", nil, "x%d", "x%d"])
    }

    @Test(arguments: [
        ("shared", Propagation.shared), ("slave", .slave), ("private", .private), ("unbindable", .unbindable),
        ("rshared", .recursiveShared), ("rslave", .recursiveSlave), ("rprivate", .recursivePrivate),
        ("runbindable", .recursiveUnbindable),
    ])
    func decodesPropagation(_ name: String, _ propagation: Propagation) throws {
        #expect(try linux(#""rootfsPropagation": "\#(name)""#).rootfsPropagation == propagation)
    }

    @Test func countsRelativePathsFromTheRoot() throws {
        let linux = try linux(#""maskedPaths": ["/proc/kcore", "a/b"], "readonlyPaths": ["c"]"#)
        #expect(linux.maskedPaths == ["/proc/kcore", "/a/b"])
        #expect(linux.readonlyPaths == ["/c"])
    }

    @Test func decodesTheRest() throws {
        let linux = try linux(
            #""cgroupsPath": "system.slice:wherry:1", "mountLabel": "l", "personality": {"domain": "LINUX32", "flags": []}, "sysctl": {"net.ipv4.ip_forward": "1", "kernel.msgmax": ""}"#
        )
        #expect(linux.cgroupsPath == "system.slice:wherry:1" && linux.mountLabel == "l" && linux.personality == .linux32)
        #expect(linux.sysctl.map(\.key.text) == ["net.ipv4.ip_forward", "kernel.msgmax"])
        #expect(linux.sysctl.map(\.value) == ["1", ""])
    }

    @Test func takesEmptySchemasForAbsent() throws {
        let rdt = try linux(#""intelRdt": {"l3CacheSchema": "", "memBwSchema": null}"#).intelRdt
        #expect(rdt?.l3CacheSchema == nil)
        #expect(rdt?.memBwSchema == nil)
    }

    @Test func decodesIntelRdt() throws {
        let rdt = try #require(
            try linux(
                #""intelRdt": {"closID": "/", "schemata": ["L3:0=7f0", "MB:0=20"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=70", "enableMonitoring": true, "enableCMT": true, "enableMBM": false}"#
            ).intelRdt)
        #expect(rdt.closID == "/" && rdt.schemata == ["L3:0=7f0", "MB:0=20"] && rdt.enableMonitoring)
        #expect(rdt.l3CacheSchema == "L3:0=f" && rdt.memBwSchema == "MB:0=70")
    }

    @Test(
        arguments: [
            (#"{"mode": "MPOL_DEFAULT"}"#, 0, nil, 0), (#"{"mode": "MPOL_PREFERRED"}"#, 1, nil, 0),
            (
                #"{"mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_NUMA_BALANCING", "MPOL_F_STATIC_NODES"]}"#, 2, "0-1",
                0xA000
            ),
            (#"{"mode": "MPOL_INTERLEAVE", "nodes": "2,3", "flags": ["MPOL_F_RELATIVE_NODES"]}"#, 3, "2,3", 0x4000),
            (#"{"mode": "MPOL_LOCAL"}"#, 4, nil, 0), (#"{"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}"#, 5, "0", 0),
            (#"{"mode": "MPOL_WEIGHTED_INTERLEAVE", "nodes": "0"}"#, 6, "0", 0),
        ] as [(String, UInt32, String?, UInt32)])
    func decodesMemoryPolicies(_ text: String, _ mode: UInt32, _ nodes: String?, _ flags: UInt32) throws {
        let policy = try linux(#""memoryPolicy": \#(text)"#).memoryPolicy
        #expect(policy?.mode == mode)
        #expect(policy?.nodes?.text == nodes.map { ByteString($0) })
        #expect(policy?.flags == flags)
    }

    private static let user = #""namespaces": [{"type": "user"}], "#
    private static let network = #""namespaces": [{"type": "network"}], "#

    @Test(arguments: [
        (#""namespaces": [{"path": "/x"}]"#, "/namespaces/0/type: required property is missing"),
        (#""namespaces": [{"type": "pid", "path": "ns/pid"}]"#, "/namespaces/0/path: \"ns/pid\" must be an absolute path"),
        (
            #""namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "pid"}]"#,
            "/namespaces/2: a namespace of the same type stands before it"
        ),
        (
            user + #""uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}]"#,
            "/uidMappings/0/size: expected an integer from 1 to 4294967295, found the number 0"
        ),
        (user + #""uidMappings": [{"containerID": 0, "hostID": 0}]"#, "/uidMappings/0/size: required property is missing"),
        (
            user + #""uidMappings": [{"containerID": 4294967295, "hostID": 0, "size": 1}]"#,
            "/uidMappings/0/containerID: expected an integer from 0 to 4294967294, found the number 4294967295"
        ),
        (
            user + #""gidMappings": [{"containerID": 0, "hostID": 4294967294, "size": 2}]"#,
            "/gidMappings/0: reaches beyond the highest id, 4294967294"
        ),
        (
            user + #""gidMappings": [{"containerID": 1, "hostID": 0, "size": 4294967295}]"#,
            "/gidMappings/0: reaches beyond the highest id, 4294967294"
        ),
        (
            user + #""uidMappings": [{"containerID": 0, "hostID": 0, "size": 10}, {"containerID": 9, "hostID": 10, "size": 1}]"#,
            "/uidMappings/1: maps ids of the container that an entry before it maps already"
        ),
        (
            user + #""uidMappings": [{"containerID": 5, "hostID": 5, "size": 1}, {"containerID": 6, "hostID": 0, "size": 6}]"#,
            "/uidMappings/1: maps ids of the host that an entry before it maps already"
        ),
        (
            #""devices": [{"type": "c", "path": "dev/x", "major": 1, "minor": 1}]"#,
            "/devices/0/path: \"dev/x\" must be an absolute path"
        ),
        (#""devices": [{"type": "c", "path": "/dev/x", "minor": 1}]"#, "/devices/0/major: required property is missing"),
        (#""devices": [{"type": "b", "path": "/dev/x", "major": 1}]"#, "/devices/0/minor: required property is missing"),
        (
            #""devices": [{"type": "b", "path": "/dev/x", "major": 4096, "minor": 0}]"#,
            "/devices/0/major: expected an integer from 0 to 4095, found the number 4096"
        ),
        (
            #""devices": [{"type": "b", "path": "/dev/x", "major": 0, "minor": 1048576}]"#,
            "/devices/0/minor: expected an integer from 0 to 1048575, found the number 1048576"
        ),
        (
            #""devices": [{"type": "b", "path": "/dev/x", "major": 0, "minor": 0, "fileMode": 65536}]"#,
            "/devices/0/fileMode: expected an integer from 0 to 65535, found the number 65536"
        ),
        (#""devices": [{"type": "a", "path": "/dev/x"}]"#, "/devices/0/type: \"a\" is no device type; known are c, b, u, p"),
        (#""devices": [{"path": "/dev/x"}]"#, "/devices/0/type: required property is missing"),
        (network + #""netDevices": {"a/b": {}}"#, "/netDevices/a~1b: \"a/b\" can't be the name of a network interface"),
        (
            network + #""netDevices": {"eth0": {"name": "1234567890123456"}}"#,
            "/netDevices/eth0: \"1234567890123456\" can't be the name of a network interface"
        ),
        (
            network + #""netDevices": {"eth0": {"name": "x"}, "x": {}}"#,
            "/netDevices/x: the name \"x\" is taken by a device before it"
        ),
        (
            #""sysctl": {"x": "1"}"#,
            "/sysctl/x: \"x\" can't be the name of a kernel parameter\nnames look like net.ipv4.ip_forward"
        ),
        (#""sysctl": {"kernel.domainname": "a\nb"}"#, "/sysctl/kernel.domainname: the value must be a single line"),
        (#""sysctl": {"kernel.domainname": 1}"#, "/sysctl/kernel.domainname: expected a string, found the number 1"),
        (#""maskedPaths": [""]"#, "/maskedPaths/0: must not be empty"),
        (#""readonlyPaths": [5]"#, "/readonlyPaths/0: expected a string, found the number 5"),
        (#""personality": {}"#, "/personality/domain: required property is missing"),
        (
            #""personality": {"domain": "LINUX", "flags": ["x"]}"#,
            "/personality/flags: the specification has no flag of a personality yet"
        ),
        (#""personality": {"domain": "LINUX", "flags": "x"}"#, "/personality/flags: expected an array, found a string"),
        (#""intelRdt": {"closID": "a/b"}"#, "/intelRdt: the closID \"a/b\" must be the name of a directory, or /"),
        (#""intelRdt": {"closID": ".."}"#, "/intelRdt: the closID \"..\" must be the name of a directory, or /"),
        (#""intelRdt": {"schemata": ["L3:0=f\nMB:0=1"]}"#, "/intelRdt/schemata/0: the value must be a single line"),
        (#""intelRdt": {"l3CacheSchema": "L3:0=f\n"}"#, "/intelRdt/l3CacheSchema: the value must be a single line"),
        (#""intelRdt": {"schemata": [""]}"#, "/intelRdt/schemata/0: must not be empty"),
        (#""intelRdt": {"memBwSchema": "L3:0=f"}"#, "/intelRdt/memBwSchema: \"L3:0=f\" must begin with MB:"),
        (#""memoryPolicy": {"nodes": "0"}"#, "/memoryPolicy/mode: required property is missing"),
        (#""memoryPolicy": {"mode": "MPOL_BIND"}"#, "/memoryPolicy: this mode needs nodes"),
        (
            #""memoryPolicy": {"mode": "MPOL_LOCAL", "nodes": "0"}"#,
            "/memoryPolicy/nodes: MPOL_DEFAULT and MPOL_LOCAL have no nodes"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": "0"}"#,
            "/memoryPolicy/nodes: MPOL_DEFAULT and MPOL_LOCAL have no nodes"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}"#,
            "/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_NUMA_BALANCING"]}"#,
            "/memoryPolicy/flags: MPOL_F_NUMA_BALANCING goes with MPOL_BIND and MPOL_PREFERRED_MANY only"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_PREFERRED", "flags": ["MPOL_F_STATIC_NODES"]}"#,
            "/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes"
        ),
        (
            #""timeOffsets": {"realtime": {}}"#,
            "/timeOffsets/realtime: \"realtime\" is no clock with an offset; known are monotonic, boottime"
        ),
        (
            #""timeOffsets": {"boottime": {"nanosecs": 1000000000}}"#,
            "/timeOffsets/boottime/nanosecs: expected an integer from 0 to 999999999, found the number 1000000000"
        ),
        (#""timeOffsets": []"#, "/timeOffsets: expected an object, found an array"),
        (
            #""namespaces": [{"type": "time", "path": "/t"}], "timeOffsets": {"boottime": {"secs": 1}}"#,
            "/timeOffsets: needs a new time namespace; the offsets of one that is joined can't be changed"
        ),
    ])
    func refuses(_ members: String, _ message: String) {
        #expect(verdict(configWithLinux(members)).text == "/linux" + message)
    }

    @Test(arguments: [
        (#""timeOffsets": {"boottime": {"secs": 1}}"#, "/linux/timeOffsets: needs a time namespace", "time"),
        (#""uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]"#, "/linux/uidMappings: needs a user namespace", "user"),
        (#""gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]"#, "/linux/gidMappings: needs a user namespace", "user"),
        (#""netDevices": {"eth0": {}}"#, "/linux/netDevices: needs a network namespace", "network"),
    ])
    func namesTheNamespaceThatIsMissing(_ members: String, _ message: String, _ kind: String) {
        #expect(verdict(configWithLinux(members)) == says(message, #"add {"type": "\#(kind)"} to /linux/namespaces"#))
    }

    @Test(arguments: [
        (
            #""namespaces": [{"type": "netwrok"}]"#,
            "/namespaces/0/type: \"netwrok\" is no namespace type; known are pid, network, mount, ipc, uts, user, cgroup, time",
            "network"
        ),
        (
            #""rootfsPropagation": "slaev""#,
            "/rootfsPropagation: \"slaev\" is no mount propagation; known are shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable",
            "slave"
        ),
        (
            #""personality": {"domain": "LINUX64"}"#,
            "/personality/domain: \"LINUX64\" is no execution domain; known are LINUX, LINUX32", "LINUX"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_BINDD"}"#,
            "/memoryPolicy/mode: \"MPOL_BINDD\" is no memory policy; known are MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL",
            "MPOL_BIND"
        ),
        (
            #""memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODE"]}"#,
            "/memoryPolicy/flags/0: \"MPOL_F_STATIC_NODE\" is no memory policy flag; known are MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES",
            "MPOL_F_STATIC_NODES"
        ),
    ])
    func proposesTheNearestName(_ members: String, _ message: String, _ nearest: String) {
        #expect(verdict(configWithLinux(members)) == says("/linux" + message, "did you mean \"\(nearest)\"?"))
    }

    @Test func takesAsManyMappingsAsTheKernel() {
        func mappings(_ count: Int) -> String {
            let entries = (0..<count).map { #"{"containerID": \#($0), "hostID": \#($0), "size": 1}"# }
            return LinuxTests.user + #""uidMappings": [\#(entries.joined(separator: ", "))]"#
        }
        #expect(verdict(configWithLinux(mappings(340))) == .accepted)
        #expect(verdict(configWithLinux(mappings(341))) == says("/linux/uidMappings: has 341 entries, the kernel takes 340"))
    }
}
