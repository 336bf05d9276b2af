import CHarness
import Testing

@Suite("namespaces", .needsRoot, .sandboxed)
struct NamespaceTests {
    /// The specification's names, and those in /proc/PID/ns.
    static let types = [
        "pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user", "cgroup": "cgroup",
        "time": "time",
    ]
    static let names = types.keys.sorted()

    /// The namespaces of a process, as links by type.
    private func namespaces(of pid: pid_t) -> [String: String] {
        Self.types.mapValues { linkTarget("/proc/\(pid)/ns/\($0)") ?? "none" }
    }

    private func running(_ configure: (inout JSON) -> Void) throws -> Container {
        try Bundle {
            $0.runs(arguments: ["sleep", "1000"])
            configure(&$0)
        }.start()
    }

    @Test(arguments: names) func isNewWithoutAPath(type: String) throws {
        let container = try running {
            if type == "user" { $0.mapUsers() } else if type == "time" { $0.linux.namespaces.append(["type": "time"]) }
        }
        #expect(namespaces(of: container.pid)[type] != namespaces(of: getpid())[type])
    }

    @Test(arguments: names) func isTheCallersWithoutAnEntry(type: String) throws {
        let container = try running {
            $0.drop(namespace: type)
            if type == "mount" { $0.mounts = [] }
        }
        #expect(namespaces(of: container.pid)[type] == namespaces(of: getpid())[type])
    }

    @Test(arguments: names) func isJoinedByPath(type: String) throws {
        let holder = try Namespaces([type])
        let container = try running {
            $0.join(namespace: type, at: holder.path(type))
            // A joined mount namespace has its mounts already.
            if type == "mount" { $0.mounts = [] }
            if type == "user" { $0.process.noNewPrivileges = true }
        }
        #expect(namespaces(of: container.pid)[type] == namespaces(of: holder.pid)[type])
        try container.delete("--force")
        #expect(kill(holder.pid, 0) == 0, "the process whose namespace was joined must live")
    }

    @Test(arguments: names) func refusesAPathToAnotherType(type: String) throws {
        let other = type == "uts" ? "ipc" : "uts"
        let holder = try Namespaces([other])
        let message = try refusal { $0.join(namespace: type, at: holder.path(other)) }
        #expect(message.points(to: "/linux/namespaces/"), "\(message)")
        #expect(message.says("\"\(holder.path(other))\" is a \(other) namespace, not one of type \(type)"))
    }

    @Test(arguments: ["/no/such/file", "/dev/null", "/tmp", "/proc/self/status", "ns/uts"])
    func refusesAPathThatIsNoNamespace(path: String) throws {
        let message = try refusal { $0.join(namespace: "uts", at: path) }
        #expect(message.points(to: "/linux/namespaces/5/path"), "\(message)")
    }

    // pivot_root(2) there would make the container's root the root of the host's processes.
    @Test func refusesTheRuntimesOwnMountNamespace() throws {
        let message = try refusal { $0.join(namespace: "mount", at: "/proc/self/ns/mnt") }
        #expect(message.points(to: "/linux/namespaces/"))
        #expect(message.says("\"/proc/self/ns/mnt\" is the runtime's own mount namespace"), "\(message)")
        #expect(message.says("leave the entry out: then the container shares that namespace"), "\(message)")
    }

    @Test func refusesAFifoWithoutWaitingForIt() throws {
        let bundle = try Bundle { _ in }
        #expect(mkfifo(bundle.path + "/fifo", 0o600) == 0)
        bundle.config.join(namespace: "uts", at: bundle.path + "/fifo")
        #expect(try bundle.refusal().points(to: "/linux/namespaces/5/path"))
    }

    @Test(arguments: names) func refusesATypeThatIsGivenTwice(type: String) throws {
        let message = try refusal {
            $0.drop(namespace: type)
            $0.linux.namespaces.append(["type": .string(type)], ["type": .string(type)])
            if type == "user" { $0.mapUsers() }
        }
        #expect(message.points(to: "/linux/namespaces/"))
    }

    @Test(arguments: ["net", "PID", "", "sausage"]) func refusesAnUnknownType(type: String) throws {
        let message = try refusal { $0.linux.namespaces.append(["type": .string(type)]) }
        #expect(message.points(to: "/linux/namespaces/6/type"))
    }

    @Test func loopbackOfANewNetworkIsUp() throws {
        #expect(try output(of: "ip", "address", "show", "lo").contains("127.0.0.1"))
    }

    @Test func clocksOfANewTimeNamespaceAreOffset() throws {
        let seen = try output(of: "cat", "/proc/uptime") {
            $0.linux.namespaces.append(["type": "time"])
            $0.linux.timeOffsets = ["boottime": ["secs": 1_000_000, "nanosecs": 500_000_000], "monotonic": ["secs": 100]]
        }
        let outside = Double(read("/proc/uptime").words.first ?? "") ?? 0
        let inside = Double(seen.words.first ?? "") ?? 0
        #expect(abs(inside - outside - 1_000_000.5) < 60)
    }

    @Test func clocksAreSetInAUserNamespaceToo() throws {
        let container = try Bundle {
            $0.mapUsers()
            $0.runs(arguments: ["probe", "pause"])
            $0.linux.namespaces.append(["type": "time"])
            $0.linux.timeOffsets = ["boottime": ["secs": 1_000_000]]
        }.start()
        #expect(try Int(container.output(ofScript: "cut -d. -f1 /proc/uptime").trimmed) ?? 0 > 1_000_000)
        // The process that has set the clocks still isn't dumpable: its files in /proc belong to the host's root.
        let waiting = try Bundle {
            $0.mapUsers()
            $0.linux.namespaces.append(["type": "time"])
            $0.linux.timeOffsets = ["boottime": ["secs": 1_000_000]]
        }.create()
        #expect(try metadata("/proc/\(waiting.pid)/fd").st_uid == 0)
    }

    @Test func timeOffsetsNeedANewTimeNamespace() throws {
        let message = try refusal { $0.linux.timeOffsets = ["boottime": ["secs": 1]] }
        #expect(message.points(to: "/linux/timeOffsets"))
    }

    @Test func cgroupOfANewNamespaceIsItsRoot() throws {
        let seen = try output(of: "cat", "/proc/self/cgroup")
        for line in seen.lines { #expect(line.hasSuffix(":/"), "\(line)") }
    }

    @Test func cgroupWithoutOneIsThePath() throws {
        let bundle = try Bundle {
            $0.drop(namespace: "cgroup")
            $0.runs(arguments: ["cat", "/proc/self/cgroup"])
        }
        #expect(try bundle.output().contains(bundle.cgroup + "\n"))
    }

    // The user who makes an ipc namespace owns the folder of its queues. The host's root has no number in the container.
    @Test func messageQueuesBelongToTheContainersRoot() throws {
        let owner = try output(of: "stat", "-c", "%u:%g %a", "/dev/mqueue") {
            $0.mapUsers()
            $0.mounts.append(.mount("/dev/mqueue", type: "mqueue", source: "mqueue"))
        }
        #expect(owner == "0:0 1777\n")
    }
}
