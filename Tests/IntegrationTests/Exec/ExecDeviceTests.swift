import CHarness
import Testing

/// Devices of the container that aren't what `exec` takes them for.
@Suite("exec: devices", .needsRoot, .sandboxed)
struct ExecDeviceTests {
    /// A container whose process has run this script first.
    private func prepared(_ script: String, _ configure: (inout JSON) -> Void = { _ in }) throws -> Container {
        let container = try Bundle {
            $0.process.capabilities = .capabilities(["CAP_DAC_OVERRIDE", "CAP_MKNOD"])
            $0.runs(script + " && echo ready; exec sleep 1000")
            configure(&$0)
        }.start()
        try container.waitFor("ready\n")
        return container
    }

    // For a node 5:2 outside a devpts, the kernel takes the devpts that is mounted on "pts" beside it. The script shows that it
    // can be opened.
    @Test func terminalIsNotMadeByANodeBesideADevpts() throws {
        let container = try prepared("cd /dev/pts && mknod ptmx c 5 2 && exec 3<>ptmx && exec 3>&-") {
            $0.drop(mount: "/dev/pts")
            $0.mounts.append(
                .mount("/dev/pts", type: "tmpfs", source: "tmpfs"),
                .mount("/dev/pts/pts", type: "devpts", source: "devpts", ["newinstance", "ptmxmode=0666"]))
        }
        #expect(try container.refusalOfExec("true", options: ["--tty"]).says("a terminal can't be opened"))
    }

    // Opening a device can have effects. A program that waits for a reader of a fifo sees whether anybody opens it.
    @Test func fileInPlaceOfTheNullDeviceIsNotEvenOpened() throws {
        let container = try prepared("rm /dev/null && mknod /dev/null p")
        let writer = try Command([
            Workspace.busybox, "sh", "-c", "echo ready; echo seen >/proc/\(container.pid)/root/dev/null; echo opened",
        ]).start()
        try eventually("a program that writes to the fifo") { writer.output.text == "ready\n" }
        usleep(100_000)
        #expect(try container.output(ofScript: "stat -L -c '%t:%T' /proc/self/fd/0") == "1:3\n")
        #expect(!writer.hasEnded && writer.output.text == "ready\n", "\(writer.errors.text)")
    }
}
