import CHarness
import Testing

/// systemd is asked for a cgroup, and isn't there.
@Suite("without systemd", .needsRoot, .sandboxed)
struct NoSystemdTests {
    private func refusal(rootless: Bool = false, adjusting adjust: (inout Command) -> Void = { _ in }) throws -> String {
        let bundle = try Bundle { $0.linux.cgroupsPath = .null }
        var command = try bundle.command("create", global: Bundle.systemd + (rootless ? ["--rootless", "true"] : []))
        // No socket of the host's is in the command's /run.
        command.wrap(in: "mount -t tmpfs -o size=64k tmpfs /run")
        command.arguments = ["unshare", "--mount"] + command.arguments
        adjust(&command)
        let finished = try command.run()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(bundle.sandbox.leftovers(of: bundle.id) == nil)
        return finished.errors
    }

    @Test func errorNamesTheBusAndTheOtherWay() throws {
        let message = try refusal()
        #expect(
            message.says("can't connect to \"/run/dbus/system_bus_socket\" over D-Bus: no such file"),
            "\(message)")
        #expect(message.says("--cgroup-manager cgroupfs"), "\(message)")
    }

    @Test func userWithoutASessionIsTold() throws {
        let message = try refusal(rootless: true) { $0.environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] }
        #expect(message.says("the bus of the user's systemd isn't known"), "\(message)")
    }

    @Test func pathOfAnotherFormIsRefusedBeforeAnythingIsMade() throws {
        let bundle = try Bundle()
        let finished = try bundle.command("create", global: Bundle.systemd + ["--debug"]).run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("hasn't the form slice:prefix:name, which systemd needs"))
        #expect(!finished.errors.contains("step: make state directory"), "\(finished)")
    }

    @Test func sliceAsUnitIsRefusedBeforeAnythingIsMade() throws {
        let bundle = try Bundle { $0.linux.cgroupsPath = "system.slice:wherry:user.slice" }
        let message = try bundle.refusal(by: bundle.command("create", global: Bundle.systemd))
        #expect(message.says("the cgroup path names a slice, \"user.slice\", as the container's unit"))
        #expect(message.points(to: "/linux/cgroupsPath"))
    }
}
