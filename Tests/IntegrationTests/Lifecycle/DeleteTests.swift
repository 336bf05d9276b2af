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

    // The specification demands an error here (runtime.md, "Delete"), but engines rely on success.
    @Test func endsACreatedContainer() throws {
        let container = try Bundle { $0.runs("echo never") }.create()
        try container.delete()
        #expect(try container.wait() == .killed(by: SIGKILL))
        #expect(try isUnknown(container))
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
        #expect(container.output.isEmpty)
    }

    @Test func refusesAnUnknownID() throws {
        func expectRefusal() throws {
            let finished = try Sandbox.current.runtime("delete", "unknown")
            #expect(finished.ending == .exited(1))
            #expect(finished.errors.says("container does not exist"))
        }
        try expectRefusal()
        // Now there is a state root.
        _ = try Bundle().create()
        try expectRefusal()
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

    // create writes the record before it makes anything else, and the record is there as a whole or not at all.
    @Test(arguments: [[], ["garbage"], ["state.json.new", "journal", "lock"]])
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

    // Somebody has put directories there, with something in them.
    @Test(arguments: ["state.json", "config.json", "record", "start", "other"])
    func removesDirectoriesInItsState(name: String) throws {
        let container = try Bundle().create()
        let directory = container.bundle.sandbox.root + "/" + container.id
        if name == "state.json" || name == "record" || name == "config.json" { unlink(directory + "/" + name) }
        if exists(directory + "/" + name) { unlink(directory + "/" + name) }
        try makeDirectory(directory + "/" + name + "/below/deeper")
        try write("text", to: directory + "/" + name + "/below/file")
        try makeLink(directory + "/" + name + "/below/link", to: container.bundle.path)
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
        #expect(exists(container.bundle.path + "/config.json"), "nothing is removed behind a link")
    }

    @Test func entersNoMountInItsState() throws {
        let container = try Bundle().create()
        let directory = container.bundle.sandbox.root + "/" + container.id + "/mounted"
        try container.bundle.sandbox.mount("tmpfs", on: directory, type: "tmpfs")
        try write("kept", to: directory + "/file")
        let message = try container.refusal(of: "delete", "--force")
        #expect(message.says("the container's state can't be removed"))
        #expect(read(directory + "/file") == "kept")
        #expect(umount2(directory, Int32(MNT_DETACH)) == 0)
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    // A file that can't be read at the moment isn't damaged: its hooks run at the next attempt.
    @Test(arguments: [[], ["--force"]]) func failsWhereTheHooksCanNotBeRead(options: [String]) throws {
        let bundle = try Bundle()
        bundle.config.hooks.poststop = [.hook("touch \(bundle.path)/stopped")]
        let container = try bundle.start()
        #expect(try container.wait() == .exited(0))
        // Reading our memory at address 0 fails with EIO.
        let config = bundle.sandbox.root + "/" + bundle.id + "/config.json"
        try bundle.sandbox.mount("/proc/self/mem", on: config, flags: Int(MS_BIND))
        let failed = try bundle.sandbox.command(["delete"] + options + [bundle.id]).run()
        #expect(failed.ending == .exited(1), "\(failed)")
        #expect(failed.message.says("the kept configuration of container \"\(bundle.id)\" can't be read"))
        #expect(!failed.message.contains("poststop hooks can't be run"), "it went on: \(failed)")
        #expect(!exists(bundle.path + "/stopped"))
        try #require(umount2(config, Int32(MNT_DETACH)) == 0)
        let deleted = try bundle.sandbox.command(["delete"] + options + [bundle.id]).run()
        #expect(deleted.succeeded, "\(deleted)")
        #expect(exists(bundle.path + "/stopped"))
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
    }

    @Test(arguments: ["file", "link"]) func byForceRemovesAFileInTheContainersPlace(kind: String) throws {
        let bundle = try Bundle()
        let place = bundle.sandbox.root + "/" + bundle.id
        try makeDirectory(bundle.sandbox.root, mode: 0o700)
        if kind == "file" { try write("text", to: place) } else { try makeLink(place, to: bundle.path) }
        for command in ["state", "delete", "kill", "start", "pause"] {
            let finished = try bundle.sandbox.runtime(command, bundle.id)
            #expect(finished.ending == .exited(1))
            #expect(
                finished.message.says(
                    "what the state directory has for container \"\(bundle.id)\" can't be a container's: not a directory"))
            #expect(finished.message.says("delete --force removes it"))
        }
        let listed = try bundle.sandbox.runtime("list", "-q")
        #expect(listed.succeeded && listed.output.isEmpty, "\(listed)")
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(!exists(place) && exists(bundle.path))
        #expect(try bundle.run().succeeded)
    }

    // The frozen cgroup stands for a container inside the container, which was paused.
    @Test(.needsLegacyCgroups, arguments: [["delete", "--force"], ["kill", "--all", "KILL"], ["kill", "KILL"]])
    func endsWhatIsFrozenInACgroupBelow(command: [String]) throws {
        let container = try Bundle { $0.runs("sleep 1000 & echo $!; wait") }.start()
        try container.waitFor("\n")
        let inner = "/sys/fs/cgroup/freezer" + container.bundle.cgroup + "/inner"
        try makeDirectory(inner + "/most")
        let child = try #require(Cgroup.processes(container.bundle.cgroup).first { $0 != container.pid })
        try write(String(child), to: inner + "/most/cgroup.procs")
        try write("FROZEN", to: inner + "/freezer.state")
        let arguments =
            command.count == 3
            ? [command[0], command[1], container.id, command[2]]
            : command.last == "KILL"
                ? [command[0], container.id, command[1]] : command + [container.id]
        let finished = try container.bundle.sandbox.command(arguments).run(within: 8)
        #expect(finished.succeeded, "\(finished)")
        #expect(try container.wait() == .killed(by: SIGKILL))
        if command[0] == "kill" { try container.delete() }
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test func removesCgroupsThatTheContainerMadeBelowItsOwn() throws {
        let container = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        for directory in Cgroup.directories(container.bundle.cgroup) { try makeDirectory(directory + "/a/b") }
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }
}
