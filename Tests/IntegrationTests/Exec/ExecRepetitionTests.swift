import CHarness
import Testing

@Suite("exec: again and again", .needsRoot, .sandboxed)
struct ExecRepetitionTests {
    /// A unique id: keyrings are named after it, and /proc/keys shows those of all containers.
    private static var id: String { "again-" + String(UInt32.random(in: .min ... .max), radix: 16) }

    /// Everything in which a leak would show after a thousand commands.
    private struct Traces: Equatable, CustomStringConvertible {
        let descriptors: [String]
        let processes: Set<pid_t>
        let tasks: [String]
        let counted: String
        let hostMounts: Int
        let containersMounts: String
        let state: [String]
        let temporary: [String]

        init(of container: Container) {
            let cgroup = container.bundle.cgroup
            descriptors = entries(of: "/proc/\(container.pid)/fd")
            processes = Cgroup.processes(cgroup)
            tasks = Cgroup.directories(cgroup).map { read($0 + (Host.isUnified ? "/cgroup.threads" : "/tasks")) }
            // pids.current counts zombies too.
            counted = read((Cgroup.directory("pids", cgroup) ?? "") + "/pids.current")
            hostMounts = Mount.table().filter { $0.path.hasPrefix(container.bundle.path) }.count
            containersMounts = read("/proc/\(container.pid)/mountinfo")
            let root = container.bundle.sandbox.root
            state = entries(of: root) + entries(of: root + "/" + container.id)
            temporary = entries(of: container.bundle.rootfs + "/tmp") + entries(of: container.bundle.path)
        }

        var description: String {
            "descriptors \(descriptors), processes \(processes), tasks \(tasks), counted \(counted), host mounts \(hostMounts), "
                + "state \(state), files \(temporary)"
        }
    }

    /// Runs a program this many times, one after another. A shell runs the loop, since it starts commands fast.
    private func exec(_ arguments: [String], options: [String] = [], in container: Container, times: Int) throws -> Finished {
        var command = container.joining(arguments, options: options)
        let loop = "i=0; while [ $i -lt \(times) ]; do \"$@\" || exit 1; i=$((i+1)); done"
        command.arguments = [Workspace.busybox, "sh", "-c", loop, "sh"] + command.arguments
        return try command.run(within: Command.deadline * 4)
    }

    // By default the deadline allows 0.12 seconds for each `exec`, about ten times what it needs.
    @Test func aThousandLeaveNothingBehind() throws {
        let container = try resting(id: Self.id) {
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": ["getpriority"], "action": "SCMP_ACT_ERRNO"]],
            ]
        }
        // The first one may leave what is meant to stay: the compiled filter.
        #expect(try exec(["true"], in: container, times: 1).succeeded)
        let before = Traces(of: container)
        #expect(before.processes == [container.pid])
        let finished = try exec(["true"], in: container, times: 1000)
        #expect(finished.succeeded, "\(finished)")
        #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
        try eventually("as few traces as before: \(before)\nnow: \(Traces(of: container))") { Traces(of: container) == before }
        // The kernel frees the keyrings later, and not all at once.
        let keyrings = { read("/proc/keys").lines.filter { $0.contains(" _ses.\(container.id):") }.count }
        try eventually("few keyrings: \(keyrings())") { keyrings() < 100 }
        #expect(try container.output(ofScript: "cd /proc; echo [0-9]*").words.count == 2)
        try container.delete("--force")
        #expect(container.bundle.sandbox.leftovers(of: container.id) == nil)
    }

    @Test(arguments: [["no-such-program"], ["/etc"], ["/bin/script"]]) func failuresLeaveNothingBehind(program: [String]) throws {
        let container = try resting(id: Self.id)
        try write("#!/no/such/interpreter\n", to: container.bundle.rootfs + "/bin/script", mode: 0o755)
        let before = Traces(of: container)
        for _ in 0..<20 { #expect(try container.joining(program, options: ["--tty"]).run().ending == .exited(255)) }
        try eventually("as few traces as before: \(before)\nnow: \(Traces(of: container))") { Traces(of: container) == before }
    }

    @Test func terminalsAreGivenBack() throws {
        let container = try resting(id: Self.id)
        let before = Traces(of: container)
        #expect(try exec(["tty"], options: ["--tty"], in: container, times: 30).succeeded)
        #expect(try container.exec("tty", options: ["--tty"]).output == "/dev/pts/0\n")
        try eventually("as few traces as before") { Traces(of: container) == before }
    }

    // An engine that gives up kills the command at any time. The program must not be left running without the command.
    @Test func killedAtAnyTimeLeavesNothingBehind() throws {
        let container = try resting(id: Self.id)
        let before = Traces(of: container)
        for attempt in 0..<60 {
            let finished = try container.exec("true") {
                $0.arguments = [Workspace.probe, "expire", "\(attempt * 100)"] + $0.arguments
            }
            #expect(finished.succeeded, "\(finished)")
        }
        try eventually("as few traces as before: \(before)\nnow: \(Traces(of: container))") { Traces(of: container) == before }
        #expect(try container.output(ofScript: "echo ran") == "ran\n")
    }
}
