import CHarness
import Testing

@Suite("delete", .needsRoot, .sandboxed)
struct DeleteTests {
    private func isUnknown(_ container: Container) throws -> Bool {
        let state = try container.bundle.sandbox.runtime("state", container.id)
        return state.ending == .exited(1) && state.errors.says("container does not exist")
    }

    @Test func removesAStoppedContainer() throws {
        let container = try Bundle().start()
        #expect(try container.wait() == .exited(0))
        #expect(!Cgroup.directories(container.bundle.cgroup).isEmpty)
        try container.delete()
        #expect(try isUnknown(container))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test func refusesARunningContainer() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        let message = try container.refusal(of: "delete")
        #expect(message.says("cannot delete container \(container.id) that is not stopped: running"))
        #expect(try container.status() == "running")
    }

    // The specification has this refused. Engines rely on it.
    @Test func endsACreatedContainer() throws {
        let container = try Bundle { $0.runs("echo never") }.create()
        try container.delete()
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try isUnknown(container))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
        #expect(container.output.isEmpty)
    }

    @Test func refusesAnUnknownID() throws {
        let finished = try Sandbox.current.runtime("delete", "unknown")
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container does not exist"))
    }

    @Test(arguments: [["delete"], ["delete", "--force"]]) func refusesWithoutAnID(arguments: [String]) throws {
        #expect(try Sandbox.current.command(arguments).run().ending == .exited(1))
    }

    @Test func byForceEndsARunningContainer() throws {
        let container = try Bundle { $0.runs("trap '' TERM INT HUP; echo ready; while :; do sleep 1; done") }.start()
        try container.waitFor("ready")
        try container.delete("--force")
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try isUnknown(container))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test(arguments: ["created", "stopped"]) func byForceTakesAnyState(status: String) throws {
        let container = try Bundle().create()
        if status == "stopped" {
            try container.start()
            #expect(try container.wait() == .exited(0))
        }
        #expect(try container.status() == status)
        try container.delete("-f")
        #expect(try isUnknown(container))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test func byForceEndsACreateThatHangs() throws {
        let bundle = try Bundle {
            $0.hooks.createContainer = [["path": .string(Workspace.probe), "args": ["probe", "pause"]]]
        }
        let create = try bundle.command("create").start()
        try eventually("the container's first process") { !Cgroup.processes(bundle.cgroup).isEmpty }
        let deleted = try bundle.sandbox.runtime("delete", "--force", bundle.id)
        #expect(deleted.succeeded, "\(deleted)")
        let finished = try create.finish()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("container init died of signal 9"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test func byForceOfAnUnknownIDIsNoError() throws {
        let finished = try Sandbox.current.runtime("delete", "--force", "unknown")
        #expect(finished.succeeded)
        #expect(finished.errors.isEmpty)
    }

    @Test(arguments: [[], ["garbage"], ["state.json", "record", "journal", "lock"]])
    func byForceRemovesWhatAnUnfinishedCreateLeft(files: [String]) throws {
        let bundle = try Bundle()
        let directory = bundle.sandbox.root + "/" + bundle.id
        try makeDirectory(bundle.sandbox.root, mode: 0o700)
        try makeDirectory(directory, mode: 0o700)
        for file in files { try write("{\"half\":", to: directory + "/" + file, mode: 0o600) }
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(!exists(directory))
        #expect(try bundle.run().succeeded)
    }

    @Test func endsProcessesThatOutliveTheFirst() throws {
        let container = try Bundle {
            $0.drop(namespace: "pid")
            $0.runs("sleep 1000 & echo $!")
        }.start()
        #expect(try container.wait() == .exited(0))
        #expect(Cgroup.processes(container.bundle.cgroup).count == 1)
        try container.delete()
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
        if let pid = pid_t(container.output.trimmed) { waitpid(pid, nil, WNOHANG) }
    }

    @Test func leavesTheBundleAlone() throws {
        let bundle = try Bundle { $0.runs("echo kept > /tmp/file") }
        #expect(try bundle.run().succeeded)
        #expect(read(bundle.rootfs + "/tmp/file") == "kept\n")
        #expect(exists(bundle.path + "/config.json"))
    }

    @Test func keepsACgroupThatWasThereBefore() throws {
        let bundle = try Bundle()
        for hierarchy in Cgroup.hierarchies { try makeDirectory(hierarchy + bundle.cgroup) }
        defer { Cgroup.remove(bundle.cgroup) }
        let container = try bundle.create()
        try container.delete()
        #expect(Cgroup.directories(bundle.cgroup).count == Cgroup.hierarchies.count)
    }

    @Test func keepsTheParentOfTheCgroup() throws {
        let bundle = try Bundle()
        for hierarchy in Cgroup.hierarchies { try makeDirectory(hierarchy + bundle.cgroup) }
        defer { Cgroup.remove(bundle.cgroup) }
        bundle.config.linux.cgroupsPath = .string(bundle.cgroup + "/below")
        let container = try bundle.create()
        #expect(Cgroup.processes(bundle.cgroup + "/below") == [container.pid])
        try container.delete()
        #expect(Cgroup.directories(bundle.cgroup + "/below").isEmpty)
        #expect(Cgroup.directories(bundle.cgroup).count == Cgroup.hierarchies.count)
    }

    @Test func removesCgroupsThatTheContainerMadeBelowItsOwn() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        for directory in Cgroup.directories(container.bundle.cgroup) { try makeDirectory(directory + "/a/b") }
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }
}
