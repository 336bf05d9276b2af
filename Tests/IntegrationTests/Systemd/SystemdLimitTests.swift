import CHarness
import Testing

/// Limits are in the kernel's files and in the unit's properties, so that systemd doesn't undo them.
@Suite("limits through systemd", .needsRoot, .needsSystemd, .needsUnifiedCgroups, .sandboxed, .serialized)
struct SystemdLimitTests {
    private struct Expectation {
        let file: String
        let value: String
        var property: (name: String, value: String)?
    }

    private func expect(_ expectations: [Expectation], _ bundle: Bundle, _ when: String) throws {
        let directory = "/sys/fs/cgroup/system.slice/" + bundle.unit.name + "/"
        let properties = try bundle.unit.properties(expectations.compactMap { $0.property?.name })
        for expected in expectations {
            #expect(read(directory + expected.file).trimmed == expected.value, "\(expected.file), \(when)")
            guard let property = expected.property else { continue }
            #expect(properties[property.name] == property.value, "\(property.name), \(when)")
        }
    }

    private static let created = [
        Expectation(file: "memory.max", value: "67108864", property: ("MemoryMax", "67108864")),
        Expectation(file: "memory.low", value: "33554432", property: ("MemoryLow", "33554432")),
        Expectation(file: "pids.max", value: "50", property: ("TasksMax", "50")),
        Expectation(file: "cpu.weight", value: "59", property: ("CPUWeight", "59")),
        Expectation(file: "cpu.max", value: "20000 50000", property: ("CPUQuotaPerSecUSec", "400ms")),
        Expectation(file: "cpuset.cpus", value: "0", property: ("AllowedCPUs", "0")),
        Expectation(file: "memory.high", value: "50331648", property: ("MemoryHigh", "50331648")),
    ]

    private static let updated = [
        Expectation(file: "memory.max", value: "134217728", property: ("MemoryMax", "134217728")),
        Expectation(file: "pids.max", value: "max", property: ("TasksMax", "infinity")),
        Expectation(file: "cpu.weight", value: "100", property: ("CPUWeight", "100")),
        Expectation(file: "cpu.max", value: "10000 50000", property: ("CPUQuotaPerSecUSec", "200ms")),
        Expectation(file: "memory.low", value: "33554432", property: ("MemoryLow", "33554432")),
    ]

    @Test func survivesAReloadOfSystemd() throws {
        let bundle = try Bundle.inUnit {
            $0.linux.resources = [
                "memory": ["limit": 67_108_864, "reservation": 33_554_432], "pids": ["limit": 50],
                "cpu": ["shares": 512, "quota": 20000, "period": 50000, "cpus": "0"], "unified": ["memory.high": "50331648"],
            ]
        }
        let container = try bundle.startInUnit()
        try expect(Self.created, bundle, "created")
        _ = try Unit.run("daemon-reload")
        try expect(Self.created, bundle, "created, after daemon-reload")
        let resources: JSON = [
            "memory": ["limit": 134_217_728], "pids": ["limit": -1], "cpu": ["shares": 1024, "quota": 10000, "period": 50000],
        ]
        let file = bundle.path + "/resources.json"
        try write(resources.description, to: file)
        let update = try bundle.sandbox.runtime("update", "--resources", file, container.id)
        #expect(update.succeeded, "\(update)")
        try expect(Self.updated, bundle, "updated")
        _ = try Unit.run("daemon-reload")
        try expect(Self.updated, bundle, "updated, after daemon-reload")
    }

    // Both are worth something only together with what was there before.
    @Test func quotaAndSwapAreUpdatedAlone() throws {
        let bundle = try Bundle.inUnit {
            $0.linux.resources = [
                "memory": ["limit": 67_108_864, "swap": 67_108_864], "cpu": ["quota": 20000, "period": 50000],
            ]
        }
        let container = try bundle.startInUnit()
        for options in [["--cpu-quota", "10000"], ["--memory-swap", "134217728"]] {
            let update = try bundle.sandbox.command(["update"] + options + [container.id]).run()
            #expect(update.succeeded, "\(update)")
        }
        let expected = [
            Expectation(file: "cpu.max", value: "10000 50000", property: ("CPUQuotaPerSecUSec", "200ms")),
            Expectation(file: "memory.max", value: "67108864", property: ("MemoryMax", "67108864")),
            Expectation(file: "memory.swap.max", value: "67108864", property: ("MemorySwapMax", "67108864")),
        ]
        try expect(expected, bundle, "updated")
        _ = try Unit.run("daemon-reload")
        try expect(expected, bundle, "updated, after daemon-reload")
    }

    // Init isn't the only process in the unit while the container is made.
    @Test func limitOfOneProcessIsPossible() throws {
        let bundle = try Bundle.inUnit { $0.linux.resources.pids.limit = 1 }
        _ = try bundle.startInUnit()
        try expect([Expectation(file: "pids.max", value: "1", property: ("TasksMax", "1"))], bundle, "created")
    }

    @Test func devicesStayAsTheyAreAfterAReload() throws {
        let bundle = try Bundle.inUnit {
            $0.linux.resources.devices = [
                ["allow": false, "access": "rwm"], ["allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"],
                ["allow": true, "type": "c", "major": 4, "access": "rw"],
            ]
            $0.process.capabilities = .capabilities(["CAP_MKNOD", "CAP_SYSLOG"])
        }
        let container = try bundle.startInUnit()
        let script = """
            cd /tmp; rm -f null kmsg fuse; mknod null c 1 3; mknod kmsg c 1 11; mknod fuse c 10 229
            for name in null kmsg fuse; do (: < $name) 2>&1 | grep -q permitted && echo $name no || echo $name yes; done
            """
        let expected = "null yes\nkmsg yes\nfuse no\n"
        #expect(try container.output(ofScript: script) == expected)
        #expect(try bundle.unit.property("DevicePolicy") == "strict")
        let allowed = try Unit.run("show", "--property", "DeviceAllow", bundle.unit.name)
        #expect(allowed.contains("/dev/char/1:11 r") && allowed.contains("char-pts rwm"), "\(allowed)")
        _ = try Unit.run("daemon-reload")
        #expect(try container.output(ofScript: script) == expected)
    }
}
