import CHarness
import Testing

/// wherry as a service of Type=notify.
@Suite("services that are ready when the container is", .needsRoot, .needsSystemd, .sandboxed)
struct SystemdNotifyTests {
    /// Runs a bundle as a service, and waits until systemd has started it.
    private func serve(_ bundle: Bundle, _ options: [String], _ properties: [String]) throws -> Unit {
        let unit = Unit(name: bundle.unit.name + ".service")
        let command = try bundle.command("run", options, global: Bundle.systemd)
        let finished = try Command(
            ["/usr/bin/systemd-run", "--quiet", "--unit", unit.name, "--property=Type=notify"] + properties + command.arguments
        ).run()
        #expect(finished.succeeded, "\(finished)")
        return unit
    }

    private func bundle() throws -> Bundle {
        try Bundle.inUnit {
            $0.runs("trap 'exit 0' TERM; probe notify STATUS=serving; probe notify READY=1; sleep 1000 & wait")
        }
    }

    @Test func commandInTheForegroundIsTheServicesMainProcess() throws {
        let bundle = try bundle()
        let unit = try serve(bundle, [], [])
        let seen = try unit.properties(["ActiveState", "StatusText"])
        #expect(seen == ["ActiveState": "active", "StatusText": "serving"])
        _ = try Unit.run("stop", unit.name)
        #expect(try !bundle.unit.isKnown())
    }

    @Test func containerOfADetachedCommandIsTheServicesMainProcess() throws {
        let bundle = try bundle()
        let unit = try serve(bundle, ["--detach"], ["--property=NotifyAccess=all"])
        let container = try Container(of: bundle)
        let seen = try unit.properties(["ActiveState", "StatusText", "MainPID"])
        #expect(seen == ["ActiveState": "active", "StatusText": "serving", "MainPID": "\(container.pid)"])
        try container.delete("--force")
        try eventually("the service has ended") { try unit.property("ActiveState") != "active" }
        _ = try? Unit.run("reset-failed", unit.name)
    }
}
