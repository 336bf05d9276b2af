import CHarness
import Testing

/// The tests read limits back from the kernel after a change.
@Suite("update", .needsRoot, .sandboxed)
struct UpdateTests {
    private func running(_ resources: JSON = .null) throws -> Container {
        try Bundle {
            $0.linux.resources = resources
            $0.runs(arguments: ["sleep", "1000"])
        }.start()
    }

    private func update(_ container: Container, _ options: String...) throws {
        let finished = try container.bundle.sandbox.command(["update"] + options + [container.id]).run()
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
    }

    /// Updates a container by JSON on standard input.
    private func update(_ container: Container, with resources: JSON) throws -> Finished {
        let path = container.bundle.path + "/resources.json"
        try write(resources.description, to: path)
        let input = h_open(path, O_RDONLY | O_CLOEXEC, 0)
        defer { close(input) }
        var command = container.bundle.sandbox.command(["update", "--resources", "-", container.id])
        command.descriptors = [0: input]
        return try command.run()
    }

    private func value(_ container: Container, _ controller: String, _ v1: String, _ v2: String) throws -> String {
        let directory = try #require(Cgroup.directory(controller, container.bundle.cgroup))
        return read(directory + "/" + (Host.isUnified ? v2 : v1)).trimmed
    }

    private func memoryLimit(_ container: Container) throws -> String {
        try value(container, "memory", "memory.limit_in_bytes", "memory.max")
    }

    private func processLimit(_ container: Container) throws -> String { try value(container, "pids", "pids.max", "pids.max") }

    @Test(.needs(controller: "memory")) func changesTheMemoryLimit() throws {
        let container = try running(["memory": ["limit": 67_108_864]])
        try update(container, "--memory", "128m")
        #expect(try memoryLimit(container) == "134217728")
        try update(container, "--memory=64M", "--memory-reservation", "33554432")
        #expect(try memoryLimit(container) == "67108864")
        #expect(try value(container, "memory", "memory.soft_limit_in_bytes", "memory.low") == "33554432")
        try update(container, "--memory", "-1")
        #expect(["max", "9223372036854771712"].contains(try memoryLimit(container)))
    }

    @Test(.needs(controller: "memory"), .enabled(if: Cgroup.accountsForSwap, "the kernel doesn't account for swap"))
    func changesMemoryAndSwapInEitherDirection() throws {
        let container = try running(["memory": ["limit": 33_554_432, "swap": 33_554_432]])
        for megabytes in [64, 32] {
            try update(container, "--memory", "\(megabytes)m", "--memory-swap", "\(2 * megabytes)m")
            #expect(try memoryLimit(container) == "\(megabytes << 20)")
            let swap = try value(container, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
            #expect(swap == "\((Host.isUnified ? megabytes : 2 * megabytes) << 20)")
        }
    }

    @Test(.needs(controller: "pids")) func changesTheProcessLimit() throws {
        let container = try running(["pids": ["limit": 50]])
        try update(container, "--pids-limit", "60")
        #expect(try processLimit(container) == "60")
        try update(container, "--pids-limit", "-1")
        #expect(try processLimit(container) == "max")
    }

    @Test(.needs(controller: "cpu")) func changesQuotaPeriodAndShares() throws {
        let container = try running()
        try update(container, "--cpu-quota", "25000", "--cpu-period", "50000", "--cpu-share", "1024")
        #expect(
            try value(container, "cpu", "cpu.cfs_quota_us", "cpu.max") == (Host.isUnified ? "25000 50000" : "25000"))
        #expect(try value(container, "cpu", "cpu.shares", "cpu.weight") == (Host.isUnified ? "100" : "1024"))
        try update(container, "--cpu-quota", "-1")
        #expect(try value(container, "cpu", "cpu.cfs_quota_us", "cpu.max") == (Host.isUnified ? "max 50000" : "-1"))
    }

    @Test(.needs(controller: "cpuset")) func changesTheCPUs() throws {
        let container = try running()
        try update(container, "--cpuset-cpus", "0", "--cpuset-mems", "0")
        #expect(try value(container, "cpuset", "cpuset.cpus", "cpuset.cpus") == "0")
    }

    @Test(.needs(controller: "memory"), .needs(controller: "pids")) func readsJSONFromStandardInput() throws {
        let container = try running()
        let finished = try update(container, with: ["memory": ["limit": 67_108_864], "pids": ["limit": 44]])
        #expect(finished.succeeded, "\(finished)")
        #expect(try memoryLimit(container) == "67108864")
        #expect(try processLimit(container) == "44")
    }

    @Test(.needs(controller: "pids")) func readsJSONFromAFileAndNoOtherOption() throws {
        let container = try running()
        let path = container.bundle.path + "/limits"
        try write("{\"pids\":{\"limit\":45}}", to: path)
        try update(container, "-r", path, "--pids-limit", "46")
        #expect(try processLimit(container) == "45")
    }

    /// Engines send all properties, with 0 for those that stay.
    @Test(.needs(controller: "memory"), .needs(controller: "pids")) func zerosChangeNothing() throws {
        let container = try running(["memory": ["limit": 67_108_864], "pids": ["limit": 50]])
        let finished = try update(
            container,
            with: [
                "memory": ["limit": 0, "reservation": 0, "swap": 0, "kernel": 0, "kernelTCP": 0],
                "cpu": [
                    "shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0, "cpus": "", "mems": "",
                ],
                "blockIO": ["weight": 0], "pids": ["limit": 0],
            ])
        #expect(finished.succeeded, "\(finished)")
        #expect(try memoryLimit(container) == "67108864")
        #expect(try processLimit(container) == "50")
    }

    @Test(.needs(controller: "pids")) func leavesTheDevicesAsTheyAre() throws {
        let container = try running()
        let finished = try update(
            container, with: ["devices": [["allow": false, "access": "rwm"]], "pids": ["limit": 44]])
        #expect(finished.succeeded, "\(finished)")
        #expect(try processLimit(container) == "44")
        guard let devices = Cgroup.directory("devices", container.bundle.cgroup), !Host.isUnified else { return }
        #expect(read(devices + "/devices.list").contains("c 1:3"))
    }

    @Test(.needs(controller: "memory"), .needs(controller: "cpuset")) func setsBackWhatItWroteBeforeAFailure() throws {
        let container = try running(["memory": ["limit": 67_108_864]])
        let complaint = try container.refusal(of: "update", "--memory", "128m", "--cpuset-cpus", "4000")
        #expect(complaint.says("/cpu/cpus"))
        #expect(try memoryLimit(container) == "67108864")
    }

    @Test(.needs(controller: "pids")) func changesCreatedAndPausedContainers() throws {
        let created = try Bundle().create()
        try update(created, "--pids-limit", "40")
        #expect(try processLimit(created) == "40")
        let paused = try running()
        #expect(try paused.bundle.sandbox.runtime("pause", paused.id).succeeded)
        try update(paused, "--pids-limit", "41")
        #expect(try processLimit(paused) == "41")
        #expect(try paused.status() == "paused")
    }

    @Test(arguments: [
        ("--memory", "12q", "takes a number of bytes"), ("--pids-limit", "x", "takes a number"),
        ("--blkio-weight", "5", "/blockIO/weight"), ("--cpuset-cpus", "0-", "/cpu/cpus"), ("--cpu-idle", "2", "/cpu/idle"),
        ("--l3-cache-schema", "MB:0=f", "takes a line that begins with L3, not \"MB:0=f\""),
        ("--mem-bw-schema", "L3:0=20", "takes a line that begins with MB:, not \"L3:0=20\""),
        ("--resources", "/nonexistent", "the file of resources \"/nonexistent\" can't be read"),
    ]) func refusesWhatItCannotTake(option: String, value: String, complaint: String) throws {
        #expect(try running().refusal(of: "update", option, value).says(complaint))
    }

    // An unknown property causes a warning. It's no error, since newer engines may know more than wherry.
    @Test(.needs(controller: "pids")) func namesPropertiesThatItDoesNotKnow() throws {
        let container = try running()
        let finished = try update(container, with: ["pids": ["limit": 44, "soft": 7], "memory": ["limitt": 5], "novel": true])
        #expect(finished.succeeded, "\(finished)")
        for pointer in ["/pids/soft", "/memory/limitt (did you mean limit?)", "/novel"] {
            #expect(finished.message.says(pointer + ": unknown property, ignored"))
        }
        #expect(try processLimit(container) == "44")
    }

    // Engines send the container's own device rules with each update. update names all other rules, since it applies none.
    @Test(.needs(controller: "pids")) func namesDeviceRulesThatItDoesNotApply() throws {
        let own: JSON = [
            ["allow": false, "access": "rwm"], ["allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"],
        ]
        let container = try running(["devices": own])
        let same = try update(container, with: ["devices": own, "pids": ["limit": 44]])
        #expect(same.succeeded && same.errors.isEmpty, "\(same)")
        let others = try update(container, with: ["devices": [["allow": true, "access": "rwm"]], "pids": ["limit": 45]])
        #expect(others.succeeded, "\(others)")
        #expect(
            others.message.says("/devices: no effect, since the device rules of a container can't be changed once it is created"))
        #expect(try processLimit(container) == "45")
    }

    @Test func warnsOfWhatIsObsolete() throws {
        let container = try running()
        let finished = try container.bundle.sandbox.runtime("update", "--kernel-memory", "64m", container.id)
        #expect(finished.succeeded)
        #expect(finished.errors.says("\"--kernel-memory\" has no effect"))
    }

    @Test func refusesAStoppedContainer() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(try container.refusal(of: "update", "--pids-limit", "5").says("container not running"))
    }
}
