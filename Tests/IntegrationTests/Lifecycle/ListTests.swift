import CHarness
import Testing

@Suite("list", .needsRoot, .sandboxed)
struct ListTests {
    private func list(_ options: String...) throws -> String {
        let finished = try Sandbox.current.command(["list"] + options).run()
        #expect(finished.succeeded, "\(finished)")
        return finished.output
    }

    /// One running and one stopped container.
    private func two() throws -> (running: Container, stopped: Container) {
        let running = try Bundle { $0.runs(arguments: ["sleep", "1000"]) }.start()
        let stopped = try Bundle().start()
        #expect(try stopped.wait() == .exited(0))
        return (running, stopped)
    }

    @Test func isATable() throws {
        let (running, stopped) = try two()
        let lines = try list().lines.map(\.words)
        #expect(lines.count == 3)
        #expect(lines.first == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        #expect(lines.dropFirst().first?.prefix(4) == [running.id, "\(running.pid)", "running", running.bundle.path])
        #expect(lines.last?.prefix(4) == [stopped.id, "0", "stopped", stopped.bundle.path])
    }

    @Test(arguments: [["--format", "json"], ["--format=json"], ["-f", "json"]]) func isJSONWhenAsked(options: [String]) throws {
        let (running, stopped) = try two()
        let listed = try JSONParser.parse(Sandbox.current.command(["list"] + options).run().output).elements
        #expect(listed.map(\.id) == [.string(running.id), .string(stopped.id)])
        #expect(listed.map(\.status) == ["running", "stopped"])
        #expect(listed.map(\.pid) == [.number(Int(running.pid)), 0])
        #expect(listed.first?.bundle == .string(running.bundle.path))
        #expect(listed.first?.created.text?.hasSuffix("Z") == true)
        #expect(listed.first?.owner == "root")
    }

    @Test(.needsLegacyCgroups, .needs(controller: "freezer")) func hasContainersWhoseCgroupSomebodyRemoved() throws {
        let (running, stopped) = try two()
        let cgroup = try #require(Cgroup.directory("freezer", running.bundle.cgroup))
        let root = try #require(Cgroup.directory("freezer", ""))
        #expect(h_put(root + "/cgroup.procs", "\(running.pid)") == 0)
        #expect(rmdir(cgroup) == 0)
        #expect(try list("--quiet").lines == [running.id, stopped.id])
        #expect(try running.status() == "running")
        try running.delete("--force")
    }

    @Test(arguments: ["-q", "--quiet"]) func quietIsTheIDsAlone(option: String) throws {
        let (running, stopped) = try two()
        #expect(try list(option) == "\(running.id)\n\(stopped.id)\n")
    }

    @Test func ofNothingIsJustTheHeader() throws {
        let container = try Bundle().create()
        try container.delete()
        #expect(try list().lines.map(\.words) == [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]])
        #expect(try list("--format", "json").trimmed == "null")
        #expect(try list("--quiet").isEmpty)
    }

    @Test func refusesAnUnknownFormat() throws {
        #expect(try Sandbox.current.runtime("list", "--format", "xml").ending == .exited(1))
    }

    @Test func passesOverWhatAnUnfinishedCreateLeft() throws {
        let container = try Bundle().create()
        try makeDirectory(container.bundle.sandbox.root + "/half", mode: 0o700)
        #expect(try list("-q").lines.contains(container.id))
    }
}
