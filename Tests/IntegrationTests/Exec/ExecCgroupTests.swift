import CHarness
import Testing

@Suite("exec: cgroups", .needsRoot, .sandboxed)
struct ExecCgroupTests {
    /// Runs a program with `exec`. Returns the path of its cgroup in each hierarchy, by the hierarchy's controllers.
    private func places(_ container: Container, _ options: [String] = []) throws -> [String: String] {
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec("sleep", "1000", options: ["--detach", "--pid-file", path] + options)
        guard finished.succeeded, let pid = pid_t(read(path)) else { throw HarnessFailure("\(finished)") }
        container.bundle.sandbox.willEnd(pid)
        var places: [String: String] = [:]
        for line in read("/proc/\(pid)/cgroup").lines {
            // "4:cpu,cpuacct:/path".
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 3, parts[2].contains(container.bundle.cgroup) { places[parts[1]] = parts[2] }
        }
        return places
    }

    private func makeBelow(_ container: Container, _ name: String) throws {
        for directory in Cgroup.directories(container.bundle.cgroup) {
            try makeDirectory(directory + "/" + name)
            // On v1 a cgroup without processors and memory nodes takes no processes.
            for file in ["/cpuset.cpus", "/cpuset.mems"] where !Host.isUnified && exists(directory + file) {
                try write(read(directory + file), to: directory + "/" + name + file)
            }
        }
    }

    @Test func areTheContainersInEveryHierarchy() throws {
        let container = try resting()
        let seen = try places(container)
        #expect(!seen.isEmpty)
        #expect(seen.values.allSatisfy { $0.hasSuffix(container.bundle.cgroup) }, "\(seen)")
        #expect(Cgroup.directories(container.bundle.cgroup).allSatisfy { read($0 + "/cgroup.procs").lines.count == 2 })
    }

    @Test(arguments: [["--cgroup", "sub"], ["--cgroup", "/sub"], ["--cgroup=./sub/"]]) func mayBeOnesBelow(options: [String])
        throws
    {
        let container = try resting()
        try makeBelow(container, "sub")
        let seen = try places(container, options)
        #expect(!seen.isEmpty)
        #expect(seen.values.allSatisfy { $0.hasSuffix(container.bundle.cgroup + "/sub") }, "\(seen)")
    }

    @Test(.needsLegacyCgroups, .needs(controller: "memory"), .needs(controller: "pids"))
    func mayBeOnesBelowOfSomeControllers() throws {
        let container = try resting()
        try makeBelow(container, "sub")
        try makeBelow(container, "other")
        let seen = try places(container, ["--cgroup", "memory:sub", "--cgroup", "pids:other"])
        for (controllers, path) in seen {
            let name = controllers == "memory" ? "/sub" : controllers == "pids" ? "/other" : ""
            #expect(path.hasSuffix(container.bundle.cgroup + name), "\(controllers)")
        }
        let together = try places(container, ["--cgroup", "memory,pids:sub"])
        #expect(together["memory"]?.hasSuffix("/sub") == true && together["pids"]?.hasSuffix("/sub") == true, "\(together)")
    }

    @Test func namelessIsTheContainersOwn() throws {
        let container = try resting()
        #expect(try places(container, ["--cgroup", "/"]).values.allSatisfy { $0.hasSuffix(container.bundle.cgroup) })
    }

    @Test(arguments: ["../x", "sub/../..", "..", "/..", "sub/../../other", "no-such", "no-such-controller:sub", ""])
    func placesOutsideOrNowhereAreRefused(path: String) throws {
        let container = try resting()
        try makeBelow(container, "sub")
        #expect(try container.refusalOfExec("true", options: ["--cgroup", path]).says("cgroup"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }

    // Where the container's process is now doesn't count: it may have moved to any cgroup below.
    @Test func areTheRecordedOnesWhereTheContainersProcessHasMoved() throws {
        let container = try resting()
        try makeBelow(container, "moved")
        for directory in Cgroup.directories(container.bundle.cgroup) {
            #expect(h_put(directory + "/moved/cgroup.procs", "\(container.pid)") == 0)
        }
        let seen = try places(container)
        #expect(seen.values.allSatisfy { $0.hasSuffix(container.bundle.cgroup) }, "\(seen)")
    }

    // A cgroup that passes controllers on takes no processes (cgroups(7), v2). systemd makes one when it runs in a container.
    @Test(.needsUnifiedCgroups, .needs(controller: "pids")) func isThatOfTheContainersProcessWhereTheRecordedOneTakesNone() throws
    {
        let container = try resting()
        try makeBelow(container, "init.scope")
        let directory = try #require(Cgroup.directories(container.bundle.cgroup).first)
        #expect(h_put(directory + "/init.scope/cgroup.procs", "\(container.pid)") == 0)
        #expect(h_put(directory + "/cgroup.subtree_control", "+pids") == 0)
        #expect(try places(container)[""]?.hasSuffix(container.bundle.cgroup + "/init.scope") == true)
    }

    @Test(.needs(controller: "pids")) func limitsHold() throws {
        // Room for the container's process, the program's shell and one more: the joining process has ended by then.
        let container = try resting { $0.linux.resources.pids.limit = 3 }
        #expect(try container.exec("sh", "-c", "sleep 0.1 & echo one").output == "one\n")
        #expect(try container.exec("sh", "-c", "sleep 0.1 & sleep 0.1 & echo both").output.isEmpty)
    }

    // Joining a cgroup isn't limited, only forking in it is (cgroup-v1/pids.rst). That exec takes two processes for a moment
    // must not matter.
    @Test(.needs(controller: "pids"), arguments: [1, 2]) func containerAtItsLimitTakesOneMoreProgram(limit: Int) throws {
        let container = try resting {
            $0.linux.resources.pids.limit = .number(limit)
            $0.runs(limit == 1 ? "exec sleep 1000" : "sleep 1000 & exec sleep 1000")
        }
        try eventually("\(limit) processes") { Cgroup.processes(container.bundle.cgroup).count == limit }
        let finished = try container.exec("sh", "-c", "read -r line </proc/self/cgroup && echo ran")
        #expect(finished.output == "ran\n", "\(finished)")
        // The program is in all of the container's cgroups, like any other process there.
        for line in try container.exec("cat", "/proc/self/cgroup").output.lines {
            #expect(line.hasSuffix(":/"), "\(line)")
        }
        #expect(try container.exec("sh", "-c", "true & wait; echo forked").output.isEmpty)
        #expect(Cgroup.processes(container.bundle.cgroup).count == limit)
    }

    @Test(.needs(controller: "memory")) func programThatIsKilledForMemoryEndsWith137() throws {
        let container = try resting { $0.linux.resources.memory = ["limit": 16_777_216, "swap": 16_777_216] }
        let finished = try container.exec("probe", "allocate", "64")
        #expect(finished.ending == .exited(128 + SIGKILL), "\(finished)")
        #expect(try container.status() == "running")
    }

    // The kernel also kills who shares memory with a process that it kills: the command must not, while it makes the process.
    @Test(.needsUnifiedCgroups, .needs(controller: "memory"), arguments: [false, true])
    func endOfTheWholeCgroupDoesNotEndTheCommand(ofTheParent: Bool) throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["sleep", "1000"])
            $0.linux.resources.unified = ["memory.oom.group": ofTheParent ? "0" : "1", "memory.swap.max": "0"]
        }
        defer { Cgroup.remove(bundle.cgroup) }
        if ofTheParent { bundle.config.linux.cgroupsPath = .string(bundle.cgroup + "/inner") }
        let container = try bundle.start()
        let directory = "/sys/fs/cgroup" + bundle.cgroup
        if ofTheParent { try write("1", to: directory + "/memory.oom.group") }
        // No page is left for the first process of exec.
        try write("0", to: directory + "/memory.high")
        try write(read(directory + "/memory.current").trimmed, to: directory + "/memory.max")
        let finished = try container.exec("probe", "allocate", "64")
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(read(directory + "/memory.events").contains("oom_group_kill 1"), "\(finished)")
    }

    @Test func withoutAnyAreTheCallers() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "pause"]) }
        let created = try bundle.command("create", global: ["--cgroup-manager=disabled"]).run()
        #expect(created.succeeded, "\(created)")
        let container = try Container(of: bundle)
        try container.start()
        #expect(try container.output(ofScript: "echo ran") == "ran\n")
        #expect(try container.refusalOfExec("true", options: ["--cgroup", "sub"]).says("cgroup"))
    }
}
