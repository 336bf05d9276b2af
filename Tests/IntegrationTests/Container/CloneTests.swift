import CHarness
import Testing

/// The user and pid namespaces decide how many processes it takes to make the container's process: a test for each pair.
@Suite("user and pid namespaces together", .needsRoot, .sandboxed)
struct CloneTests {
    enum Kind: CaseIterable { case none, new, joined }

    static let pairs = Kind.allCases.flatMap { user in Kind.allCases.map { (user, $0) } }

    @Test(arguments: pairs) func makeAContainer(user: Kind, pid: Kind) throws {
        let others = try Namespaces(["network", "ipc", "uts"])
        let userHolder = try user == .joined ? Namespaces(pid == .joined ? ["user", "pid"] : ["user"]) : nil
        // If both are joined, the pid namespace belongs to the user namespace, as in a pod.
        let pidHolder = try pid == .joined ? user == .joined ? userHolder : Namespaces(["pid"]) : nil
        let ownsPids = user == .none || pid == .new || user == .joined && pid == .joined
        let bundle = try Bundle {
            $0.runs(
                "echo pid $$; id -u; cat /proc/$$/cmdline | tr '\\0' ' '; echo; echo ready; exec sleep 1000"
            )
            switch user {
            case .none: break
            case .new: $0.mapUsers()
            case .joined: $0.join(namespace: "user", at: userHolder?.path("user") ?? "")
            }
            switch pid {
            case .none: $0.drop(namespace: "pid")
            case .new: break
            case .joined: $0.join(namespace: "pid", at: pidHolder?.path("pid") ?? "")
            }
            // These belong to the initial user namespace, so they are hard to join from another one.
            for type in ["network", "ipc", "uts"] where user != .joined { $0.join(namespace: type, at: others.path(type)) }
            if user != .none {
                // sysfs and a new mqueue require network and ipc namespaces that belong to the container's user namespace.
                $0.drop(mount: "/sys")
            }
            // Mounting proc requires that the pid namespace belongs to the container's user namespace.
            if !ownsPids { $0.drop(mount: "/proc") }
        }
        let container = try bundle.create(["--pid-file", bundle.path + "/pid"])
        #expect(read(bundle.path + "/pid") == String(container.pid))
        let link = { (type: String) in linkTarget("/proc/\(container.pid)/ns/\(type)") }
        switch user {
        case .none: #expect(link("user") == linkTarget("/proc/self/ns/user"))
        case .new: #expect(link("user") != linkTarget("/proc/self/ns/user"))
        case .joined: #expect(link("user") == linkTarget(userHolder?.path("user") ?? ""))
        }
        switch pid {
        case .none: #expect(link("pid") == linkTarget("/proc/self/ns/pid"))
        case .new: #expect(link("pid") != linkTarget("/proc/self/ns/pid"))
        case .joined: #expect(link("pid") == linkTarget(pidHolder?.path("pid") ?? ""))
        }
        #expect(link("pid_for_children") == link("pid"))
        if user != .joined { #expect(link("net") == linkTarget(others.path("network"))) }

        try container.start()
        // The script's own text is in the output too, but there the word isn't a line of its own.
        try container.waitFor("\nready\n")
        let lines = container.output.lines
        switch pid {
        case .none: #expect(lines.first == "pid \(container.pid)")
        case .new: #expect(lines.first == "pid 1")
        case .joined: #expect(lines.first != "pid 1" && lines.first != "pid \(container.pid)")
        }
        #expect(lines.dropFirst().first == "0")
        let map = read("/proc/\(container.pid)/uid_map").words
        #expect(map == (user == .none ? ["0", "0", "4294967295"] : ["0", "100000", "65536"]))
        // The mounted proc belongs to the pid namespace, so the process finds itself in it.
        if ownsPids { #expect(container.output.contains("\nsh -c ")) }
        // No process of the runtime is left beside the container's process.
        #expect(Cgroup.processes(bundle.cgroup) == [container.pid])
        let parent = read("/proc/\(container.pid)/stat").split(separator: ")").last?.words.dropFirst().first
        #expect(parent == String(getpid()))

        try container.delete("--force")
        #expect(try container.wait() == .killed(by: SIGKILL))
        for holder in [others, userHolder, pidHolder].compactMap(\.self) { #expect(kill(holder.pid, 0) == 0) }
    }

    // Between clone and execve the runtime's process still has the host's root. A process in the same pid namespace with the
    // right to trace could get to the host through /proc/PID/root.
    @Test func processInAJoinedPidNamespaceNeverShowsTheHostsRoot() throws {
        let canary = "/tmp/\(Workspace.name)-canary"
        let victim = try Bundle {
            $0.runs(
                "while :; do for p in /proc/[0-9]*; do test -e $p/root\(canary) && echo escaped && exit; done; done 2>/dev/null")
            $0.process.capabilities = .capabilities(["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE"])
        }
        try write("", to: canary)
        defer { unlink(canary) }
        let watching = try victim.start()
        for _ in 0..<10 {
            let bundle = try Bundle { $0.join(namespace: "pid", at: "/proc/\(watching.pid)/ns/pid") }
            let container = try bundle.create()
            try container.delete("--force")
            // The namespace's first process can't end before all others have been reaped.
            _ = try container.wait()
        }
        #expect(watching.output.isEmpty)
        try watching.delete("--force")
    }

    @Test func mappingsBesideAJoinedUserNamespaceMustBeItsOwn() throws {
        let holder = try Namespaces(["user"])
        // Engines repeat the mappings of the namespace that they have made.
        let same = try Bundle {
            $0.mapUsers()
            $0.join(namespace: "user", at: holder.path("user"))
            $0.drop(mount: "/sys")
            $0.runs(arguments: ["id", "-u"])
        }
        #expect(try same.output() == "0\n")
        let message = try refusal {
            $0.mapUsers(from: 300_000)
            $0.join(namespace: "user", at: holder.path("user"))
        }
        #expect(message.points(to: "/linux/uidMappings") || message.points(to: "/linux/gidMappings"))
    }

    @Test(arguments: ["uidMappings", "gidMappings"]) func newUserNamespaceNeedsMappings(property: String) throws {
        let message = try refusal {
            $0.mapUsers()
            $0.linux[property] = .null
        }
        #expect(message.points(to: "/linux"))
        #expect(message.says(property))
    }

    @Test func mappingsNeedAUserNamespace() throws {
        let message = try refusal {
            $0.mapUsers()
            $0.drop(namespace: "user")
        }
        #expect(message.points(to: "/linux/uidMappings"))
    }

    @Test func mappingsMayBeMany() throws {
        let count = 300
        let seen = try output(of: "cat", "/proc/self/uid_map") {
            $0.mapUsers()
            let many = JSON.array(
                (0..<count).map { ["containerID": .number($0), "hostID": .number(100_000 + 2 * $0), "size": 1] })
            $0.linux.uidMappings = many
            $0.linux.gidMappings = many
        }
        #expect(seen.lines.count == count)
        #expect(seen.lines.last?.words == ["299", "100598", "1"])
    }

    // user_namespaces(7): the text has to be shorter than a page.
    @Test(.enabled(if: sysconf(Int32(_SC_PAGESIZE)) == 4096, "pages have another size"))
    func mappingsThatThePageOfTheKernelCannotHoldAreRefused() throws {
        let many = JSON.array(
            (0..<300).map { ["containerID": .number($0), "hostID": .number(1_000_000_000 + 2 * $0), "size": 1] })
        let message = try refusal {
            $0.mapUsers()
            $0.linux.gidMappings = many
        }
        #expect(message.says("/linux/gidMappings: the 300 mappings have 4990 bytes as text, and the kernel takes 4095"))
    }

    @Test(arguments: ["uidMappings", "gidMappings"]) func rootWithoutAMappingIsNamed(property: String) throws {
        let message = try refusal {
            $0.mapUsers()
            $0.linux[property] = [["containerID": 1, "hostID": 100_000, "size": 65536]]
            $0.process.user = ["uid": 7, "gid": 7]
        }
        #expect(message.says("since the user namespace has no mapping for user 0 or group 0, root"))
    }

    @Test func groupRangeBeyondTheMappingsIsNamed() throws {
        let message = try refusal {
            $0.mapUsers()
            $0.linux.sysctl = ["net.ipv4.ping_group_range": "0 2147483647"]
        }
        #expect(message.says("of which both groups have to be in the container's gidMappings: invalid argument"))
    }

    @Test(
        arguments: [
            [["containerID": 0, "hostID": 100_000, "size": 10], ["containerID": 5, "hostID": 200_000, "size": 10]],
            [["containerID": 0, "hostID": 100_000, "size": 10], ["containerID": 20, "hostID": 100_005, "size": 10]],
            [["containerID": 0, "hostID": 4_294_967_290, "size": 10]], [["containerID": 0, "hostID": 0, "size": 0]],
            [["containerID": 0, "hostID": -1, "size": 10]], [["containerID": 4_294_967_296, "hostID": 0, "size": 1]],
            [["hostID": 0, "size": 1]],
        ] as [JSON])
    func impossibleMappingsAreRefused(mappings: JSON) throws {
        let message = try refusal {
            $0.mapUsers()
            $0.linux.uidMappings = mappings
        }
        #expect(message.points(to: "/linux/uidMappings"))
    }
}
