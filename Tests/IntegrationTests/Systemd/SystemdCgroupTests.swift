import CHarness
import Testing

/// The container's cgroup belongs to a unit of systemd.
@Suite("cgroups through systemd", .needsRoot, .needsSystemd, .sandboxed)
struct SystemdCgroupTests {
    private func cgroup(of pid: pid_t) -> String? {
        read("/proc/\(pid)/cgroup").lines.first { $0.hasPrefix("0::") || $0.contains(":name=systemd:") }
            .map { String($0[$0.index(after: $0.lastIndex(of: ":") ?? $0.startIndex)...]) }
    }

    @Test func containerIsInAScope() throws {
        let bundle = try Bundle.inUnit()
        let container = try bundle.startInUnit()
        #expect(cgroup(of: container.pid) == "/system.slice/" + bundle.unit.name)
        let unit = try bundle.unit.properties(["ActiveState", "Slice", "Delegate", "Description", "ControlGroup"])
        #expect(unit["ActiveState"] == "active" && unit["Slice"] == "system.slice" && unit["Delegate"] == "yes", "\(unit)")
        #expect(unit["Description"]?.hasPrefix("container \(container.id) of wherry") == true)
        #expect(Cgroup.processes("/system.slice/" + bundle.unit.name) == [container.pid], "nobody else is in it")
        try container.delete("--force")
        #expect(try !bundle.unit.isKnown())
        #expect(Cgroup.directories("/system.slice/" + bundle.unit.name).isEmpty)
    }

    @Test func execGoesIntoTheScope() throws {
        let bundle = try Bundle.inUnit()
        let container = try bundle.startInUnit()
        let seen = try container.output(ofScript: "cat /proc/self/cgroup")
        #expect(seen.lines.allSatisfy { $0.hasSuffix(":/") }, "the root of the container's cgroup namespace: \(seen)")
        #expect(!seen.isEmpty)
    }

    @Test func scopeIsNamedAsByRunc() throws {
        let bundle = try Bundle.inUnit()
        bundle.config.linux.cgroupsPath = .null
        let container = try bundle.startInUnit()
        #expect(cgroup(of: container.pid) == "/system.slice/runc-\(container.id).scope")
        try container.delete("--force")
        #expect(try !Unit(name: "runc-\(container.id).scope").isKnown())
    }

    @Test func missingSliceIsMade() throws {
        let bundle = try Bundle.inUnit(slice: "wherrytest-a-b.slice")
        let container = try bundle.startInUnit()
        #expect(
            cgroup(of: container.pid)
                == "/wherrytest.slice/wherrytest-a.slice/wherrytest-a-b.slice/" + bundle.unit.name)
        try container.delete("--force")
        #expect(try !bundle.unit.isKnown())
        _ = try Unit.run("stop", "wherrytest.slice")
    }

    // crun's containers are in a cgroup below the unit's: "run.oci.systemd.subgroup".
    @Test(.needs(controller: "pids")) func containerMayBeBelowTheScope() throws {
        let bundle = try Bundle.inUnit {
            $0.annotations = ["run.oci.systemd.subgroup": "container"]
            $0.linux.resources.pids.limit = 77
        }
        let container = try bundle.startInUnit()
        let path = "/system.slice/" + bundle.unit.name
        #expect(cgroup(of: container.pid) == path + "/container")
        #expect(try bundle.unit.property("TasksMax") == "77")
        let directory = try #require(Cgroup.directory("pids", path))
        #expect(read(directory + "/container/pids.max") == "77\n" && read(directory + "/pids.max") == "77\n")
        #expect(read("/proc/\(container.pid)/cgroup").lines.allSatisfy { $0.hasSuffix("/container") || !$0.contains(path) })
        let seen = try container.output(ofScript: "cat /proc/self/cgroup")
        #expect(seen.lines.allSatisfy { $0.hasSuffix(":/") }, "the root of the container's cgroup namespace: \(seen)")
        let updated = try bundle.sandbox.runtime("--systemd-cgroup", "update", "--pids-limit", "78", bundle.id)
        #expect(updated.succeeded && read(directory + "/container/pids.max") == "78\n", "\(updated)")
        try container.delete("--force")
        #expect(try !bundle.unit.isKnown())
        #expect(Cgroup.directories(path).isEmpty)
    }

    @Test func emptySubgroupMeansNone() throws {
        let bundle = try Bundle.inUnit { $0.annotations = ["run.oci.systemd.subgroup": ""] }
        let container = try bundle.startInUnit()
        #expect(cgroup(of: container.pid) == "/system.slice/" + bundle.unit.name)
    }

    @Test(.needsUnifiedCgroups) func containerMayDivideItsCgroup() throws {
        let bundle = try Bundle.inUnit {
            $0.annotations = ["run.oci.systemd.subgroup": "container", "run.oci.delegate-cgroup": "init"]
        }
        let container = try bundle.startInUnit()
        #expect(cgroup(of: container.pid) == "/system.slice/" + bundle.unit.name + "/container/init")
        #expect(try container.output(ofScript: "cat /proc/self/cgroup") == "0::/init\n")
        try container.delete("--force")
        #expect(try !bundle.unit.isKnown())
    }

    @Test func runLeavesNothing() throws {
        let bundle = try Bundle.inUnit { $0.runs("echo ran; cat /proc/self/cgroup >&2") }
        let finished = try bundle.command("run", global: Bundle.systemd).run()
        #expect(finished.succeeded && finished.output == "ran\n", "\(finished)")
        #expect(try !bundle.unit.isKnown())
        #expect(Cgroup.directories("/system.slice/" + bundle.unit.name).isEmpty)
    }

    @Test func annotationsBecomeProperties() throws {
        let bundle = try Bundle.inUnit {
            $0.annotations = ["org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.KillSignal": "10"]
        }
        _ = try bundle.startInUnit()
        #expect(try bundle.unit.properties(["TimeoutStopUSec", "KillSignal"]) == ["TimeoutStopUSec": "7s", "KillSignal": "10"])
    }

    @Test func createThatFailsLeavesNoUnit() throws {
        let bundle = try Bundle.inUnit { $0.runs(arguments: ["no-such-program"]) }
        #expect(try bundle.refusal(by: bundle.command("create", global: Bundle.systemd)).says("no-such-program"))
        #expect(try !bundle.unit.isKnown())
    }

    // Init fails while systemd is at work, and systemd perhaps finds no process any more.
    @Test func failureBeforeTheUnitIsThereIsTheReason() throws {
        for _ in 0..<5 {
            let bundle = try Bundle.inUnit {
                $0.mounts.append(JSON.mount("/data", source: "/no-such-source", ["bind"]))
            }
            let refusal = try bundle.refusal(by: bundle.command("create", global: Bundle.systemd))
            #expect(refusal.says("/no-such-source"), "\(refusal)")
            #expect(try !bundle.unit.isKnown())
        }
    }

    @Test func containerWithAUserNamespaceHasItsUnit() throws {
        let bundle = try Bundle.inUnit { $0.mapUsers() }
        let container = try bundle.startInUnit()
        #expect(Cgroup.processes("/system.slice/" + bundle.unit.name) == [container.pid])
        let seen = try container.output(ofScript: "cat /proc/self/cgroup")
        #expect(seen.lines.allSatisfy { $0.hasSuffix(":/") }, "the root of the container's cgroup namespace: \(seen)")
    }

    @Test func processesThatOutliveTheFirstAreEnded() throws {
        let bundle = try Bundle.inUnit {
            $0.drop(namespace: "pid")
            $0.runs("trap '' TERM; sleep 1000 & exec sleep 1000")
        }
        let container = try bundle.startInUnit()
        try eventually("both run") { Cgroup.processes("/system.slice/" + bundle.unit.name).count == 2 }
        try container.delete("--force")
        #expect(try !bundle.unit.isKnown())
    }

    @Test func unitOfOthersIsRefusedAndLeftAlone() throws {
        let bundle = try Bundle.inUnit()
        let name = bundle.unit.name
        let other = try Command(["/usr/bin/systemd-run", "--quiet", "--scope", "--unit", name, "sleep", "1000"]).start()
        defer { other.signal(SIGKILL) }
        try eventually("the other unit runs") { try bundle.unit.property("ActiveState") == "active" }
        let message = try bundle.refusal(by: bundle.command("create", global: Bundle.systemd))
        #expect(message.says("the unit \"\(name)\" exists already"))
        #expect(message.says("systemctl status \(name)"))
        #expect(try bundle.unit.property("ActiveState") == "active")
        #expect(try bundle.sandbox.runtime("delete", "--force", bundle.id).succeeded)
        #expect(try bundle.unit.property("ActiveState") == "active")
    }

    // A unit that has failed has no processes, and only keeps its name.
    @Test func failedUnitGivesItsNameAway() throws {
        let bundle = try Bundle.inUnit()
        let scope = try Command([
            "/usr/bin/systemd-run", "--quiet", "--scope", "--unit", bundle.unit.name, "--property", "RuntimeMaxSec=1", "sleep",
            "1000",
        ]).run()
        #expect(!scope.succeeded)
        try eventually("the unit has failed") { try bundle.unit.property("ActiveState") == "failed" }
        let container = try bundle.startInUnit()
        #expect(try bundle.unit.property("ActiveState") == "active")
        try container.delete("--force")
    }

    @Test func scopeThatSystemdStoppedIsDeleted() throws {
        let bundle = try Bundle.inUnit()
        let container = try bundle.startInUnit()
        _ = try Unit.run("stop", bundle.unit.name)
        _ = try container.wait()
        #expect(try container.status() == "stopped")
        try container.delete()
        #expect(try !bundle.unit.isKnown())
    }

    /// systemd itself listens, and behaves in another way than a bus does.
    @Test func busIsNotNeeded() throws {
        let bundle = try Bundle.inUnit()
        for _ in 0..<5 {
            let create = try bundle.command("create", global: Bundle.systemd)
            for var command in [create, bundle.sandbox.command(["delete", "--force", bundle.id])] {
                command.wrap(in: "mount -t tmpfs -o size=4k tmpfs /run/dbus")
                command.arguments = ["unshare", "--mount"] + command.arguments
                let finished = try command.run()
                #expect(finished.succeeded, "\(finished)")
            }
            #expect(try !bundle.unit.isKnown())
        }
    }

    // systemd forgets a scope without processes, so a delete need not ask. The bus here would never answer.
    @Test func systemdIsNotAskedAboutAUnitThatIsGone() throws {
        let bundle = try Bundle.inUnit()
        let container = try bundle.startInUnit()
        try container.kill("KILL")
        _ = try container.wait()
        try eventually("the container's unit is gone") { try !bundle.unit.isKnown() }
        let bus = try FakeBus(.hangs, for: bundle)
        var command = bundle.sandbox.command(["delete", bundle.id])
        bus.serve(&command)
        let running = try command.start()
        try bus.work(until: { running.hasEnded })
        #expect(try running.finish().succeeded)
        #expect(!bus.isAsked)
    }

    // containerd sends this after the end of each container that shares its pod's pid namespace.
    @Test(arguments: ["KILL", "TERM"]) func killOfAllAfterTheUnitIsNoError(signal: String) throws {
        let bundle = try Bundle.inUnit { $0.drop(namespace: "pid") }
        let container = try bundle.startInUnit()
        try container.kill("KILL")
        _ = try container.wait()
        try eventually("the container's unit is gone") { try !bundle.unit.isKnown() }
        try container.kill("--all", signal)
        try container.delete()
    }

    // An annotation can have systemd keep a scope that has failed.
    @Test func failedUnitThatAnAnnotationKeepsIsRemoved() throws {
        let bundle = try Bundle.inUnit {
            $0.annotations = [
                "org.systemd.property.CollectMode": "'inactive'", "org.systemd.property.RuntimeMaxSec": "uint64 1",
            ]
        }
        let container = try bundle.startInUnit()
        _ = try container.wait()
        try eventually("systemd keeps the unit as failed") { try bundle.unit.property("ActiveState") == "failed" }
        try container.delete()
        #expect(try !bundle.unit.isKnown())
    }

    // Once the container has ended, the name is free, and so is the cgroup's path.
    @Test func unitThatGotTheNameLaterIsLeftAlone() throws {
        let bundle = try Bundle.inUnit()
        let container = try bundle.startInUnit()
        try container.kill("KILL")
        _ = try container.wait()
        try eventually("the container's unit is gone") { try !bundle.unit.isKnown() }
        let other = try Command(["/usr/bin/systemd-run", "--quiet", "--scope", "--unit", bundle.unit.name, "sleep", "1000"])
            .start()
        defer { other.signal(SIGKILL) }
        try eventually("the other unit runs") { try bundle.unit.property("ActiveState") == "active" }
        try container.kill("--all", "KILL")
        try container.delete("--force")
        #expect(try bundle.unit.property("ActiveState") == "active")
        #expect(!Cgroup.processes("/system.slice/" + bundle.unit.name).isEmpty)
    }

    @Test func createThatIsKilledLeavesNoUnit() throws {
        let bundle = try Bundle.inUnit()
        var started = 0
        // systemd is asked in the middle of create's calls.
        for call in stride(from: 60, to: 900, by: 12) {
            var command = try bundle.command("create", global: Bundle.systemd)
            let mark = Capture()
            command.arguments = [Workspace.probe, "inject", "kill", String(call)] + command.arguments
            command.descriptors[9] = mark.descriptor
            _ = try command.run()
            if mark.text.isEmpty { break }
            // The record names the cgroup as soon as systemd has started the unit.
            let record = read(bundle.sandbox.root + "/" + bundle.id + "/state.json")
            if record.contains(#""stage":"creating""#), record.contains(#""kind":"cgroup""#) { started += 1 }
            let deleted = try bundle.sandbox.runtime("delete", "--force", bundle.id)
            #expect(deleted.succeeded, "call \(call): \(deleted)")
            try eventually("the unit of call \(call) is gone") { try !bundle.unit.isKnown() }
        }
        #expect(started > 0, "no kill came once the unit was started")
    }
}
