import CHarness
import Testing

/// The program's namespaces, cgroups and root, as seen from inside and compared with those of the container's process.
@Suite("exec: what the program is in", .needsRoot, .sandboxed)
struct ExecPlaceTests {
    private static let types = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]

    /// Starts a detached `sleep`, and returns its pid on the host.
    private func sleeping(in container: Container, options: [String] = []) throws -> pid_t {
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec("sleep", "1000", options: ["--detach", "--pid-file", path] + options)
        guard finished.succeeded, let pid = pid_t(read(path)) else { throw HarnessFailure("\(finished)") }
        container.bundle.sandbox.willEnd(pid)
        return pid
    }

    private func expectSamePlace(_ container: Container, _ pid: pid_t) {
        for type in Self.types where exists("/proc/self/ns/\(type)") {
            #expect(linkTarget("/proc/\(pid)/ns/\(type)") == linkTarget("/proc/\(container.pid)/ns/\(type)"), "\(type)")
        }
        #expect(
            linkTarget("/proc/\(pid)/ns/pid_for_children") == linkTarget("/proc/\(container.pid)/ns/pid_for_children"))
        // A line for each hierarchy.
        #expect(read("/proc/\(pid)/cgroup") == read("/proc/\(container.pid)/cgroup"))
        let roots = [container.pid, pid].map { read("/proc/\($0)/mountinfo") }
        #expect(roots[0] == roots[1])
        #expect(
            linkTarget("/proc/\(pid)/root") == linkTarget("/proc/\(container.pid)/root"))
    }

    @Test func isAllThatTheContainersProcessIsIn() throws {
        let container = try resting()
        let pid = try sleeping(in: container)
        expectSamePlace(container, pid)
        for type in ["mnt", "net", "pid", "ipc", "uts", "cgroup"] {
            #expect(linkTarget("/proc/\(pid)/ns/\(type)") != linkTarget("/proc/self/ns/\(type)"), "\(type)")
        }
        // The program is an orphan of the runtime, and so has become our child.
        #expect(read("/proc/\(pid)/stat").split(separator: ")").last?.words.dropFirst().first == "\(getpid())")
    }

    @Test func isTheContainersUserNamespace() throws {
        let container = try resting { $0.mapUsers() }
        let pid = try sleeping(in: container)
        expectSamePlace(container, pid)
        #expect(linkTarget("/proc/\(pid)/ns/user") != linkTarget("/proc/self/ns/user"))
        #expect(try metadata("/proc/\(pid)").st_uid == 100_000)
        #expect(try container.output(ofScript: "id -u; cat /proc/self/uid_map").words == ["0", "0", "100000", "65536"])
    }

    @Test func isTheContainersTimeNamespace() throws {
        let container = try resting {
            $0.linux.namespaces.append(["type": "time"])
            $0.linux.timeOffsets = ["boottime": ["secs": 1_000_000]]
        }
        expectSamePlace(container, try sleeping(in: container))
        let uptime = try container.output(ofScript: "cut -d. -f1 /proc/uptime").trimmed
        #expect(Int(uptime) ?? 0 > 1_000_000)
    }

    // The host's root owns the time namespace, and the container's root may not join it.
    @Test func isTheJoinedTimeNamespaceBesideAUserNamespaceOfItsOwn() throws {
        let holder = try Namespaces(["time"])
        let container = try resting {
            $0.mapUsers()
            $0.join(namespace: "time", at: holder.path("time"))
        }
        expectSamePlace(container, try sleeping(in: container))
        #expect(linkTarget("/proc/\(container.pid)/ns/time") == linkTarget(holder.path("time")))
    }

    @Test(arguments: ["pid", "network", "ipc", "uts", "cgroup"]) func isTheCallersNamespaceWhereTheContainerHasNone(type: String)
        throws
    {
        let container = try resting { $0.drop(namespace: type) }
        expectSamePlace(container, try sleeping(in: container))
    }

    // Without a mount namespace the container's root is a chroot. Joining just the mount namespace would lead to the host's
    // root.
    @Test func isTheRootOfAContainerWithoutAMountNamespace() throws {
        let container = try resting {
            $0.drop(namespace: "mount")
            $0.mounts = []
        }
        #expect(try container.output(ofScript: "ls -d /bin/probe; cd /; ls ../../bin | head -1; pwd") == "/bin/probe\nawk\n/\n")
        #expect(linkTarget("/proc/\(try sleeping(in: container))/root") == container.bundle.rootfs)
    }

    // A process that joins a mount namespace gets the namespace's root, and that of a caller in a chroot lies above the chroot.
    @Test(arguments: [[], ["--no-pivot"]]) func isTheContainersRootWhereTheCallerWasInAChroot(options: [String]) throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "pause"]) }
        let root = bundle.path + "/chroot"
        try makeDirectory(root)
        let container = try bundle.create(options) { command in
            let runtime = command.arguments[0]
            // The mounts are shared, as systemd makes them: nothing that is done to them in the container may reach the host.
            command.arguments =
                [
                    Workspace.busybox, "unshare", "-m", "--propagation", "shared", Workspace.busybox, "sh", "-ec",
                    """
                    mount --rbind / \(root)
                    before=$(cat /proc/self/mountinfo)
                    \(Workspace.busybox) chroot \(root) \(runtime) check --bundle \(bundle.path) > /dev/null
                    \(Workspace.busybox) chroot \(root) "$@"
                    test "$before" = "$(cat /proc/self/mountinfo)"
                    """, "sh",
                ] + command.arguments
        }
        try container.start()
        try write("here", to: bundle.rootfs + "/etc/name")
        #expect(try container.output(ofScript: "cat /etc/name; ls -d \(root) || true") == "here")
    }

    @Test func isWhatTheContainerJoinedByPath() throws {
        let first = try resting()
        let second = try resting {
            for type in ["network", "ipc", "uts", "pid"] {
                $0.join(namespace: type, at: "/proc/\(first.pid)/ns/\(["network": "net"][type] ?? type)")
            }
        }
        expectSamePlace(second, try sleeping(in: second))
        for type in ["net", "ipc", "uts", "pid"] {
            #expect(linkTarget("/proc/\(second.pid)/ns/\(type)") == linkTarget("/proc/\(first.pid)/ns/\(type)"))
        }
        // The second container has its own root and its own cgroup.
        try write("second", to: second.bundle.rootfs + "/etc/name")
        #expect(try second.output(ofScript: "cat /etc/name") == "second")
        // The processes of both are in one pid namespace, whose first process is the first container's.
        try second.kill("KILL")
        #expect(try second.wait() == .killed(by: SIGKILL))
        #expect(try first.status() == "running")
        #expect(try first.output(ofScript: "echo ran") == "ran\n")
    }

    @Test func isTheJoinedUserNamespace() throws {
        let holder = try Namespaces(["user", "pid", "network", "ipc", "uts"])
        let container = try resting {
            for type in ["user", "pid", "network", "ipc", "uts"] { $0.join(namespace: type, at: holder.path(type)) }
        }
        expectSamePlace(container, try sleeping(in: container))
        #expect(try container.output(ofScript: "id -u") == "0\n")
    }

    @Test func processesOfTheContainerAreSeenAndNoOthers() throws {
        let container = try resting()
        let seen = try container.output(ofScript: "cd /proc; echo [0-9]*; cat 1/comm; cat $$/status")
        #expect(seen.words.first == "1")
        // Only the container's process and the shell: no process of the runtime is left between them.
        #expect(seen.lines.first?.words.count == 2, "\(seen)")
        #expect(field("PPid", of: seen) == "0")
        #expect(field("NSpid", of: seen)?.words.count == 1)
    }

    @Test func orphansOfTheProgramAreTheContainersInits() throws {
        let container = try resting()
        let seen = try container.output(
            ofScript: "(sh -c 'echo $$ >/tmp/orphan; exec sleep 1000' &) ; until test -s /tmp/orphan; do :; done; cat /tmp/orphan"
        )
        #expect(try field("PPid", of: container.output(ofScript: "cat /proc/\(seen.trimmed)/status")) == "1")
    }

    @Test func sessionIsItsOwn() throws {
        let seen = try resting().exec("probe", "attributes").output
        #expect(seen.contains("dumpable=1\n"))
        #expect(seen.contains("pdeathsig=0\n"))
        #expect(seen.contains("subreaper=0\n"))
        #expect(seen.contains("blocked=\n"))
        #expect(seen.contains("ignored=\n"))
        #expect(seen.contains("keepcaps=0\n"))
    }

    @Test func attributesOfTheCallerAreNotPassedOn() throws {
        let finished = try resting().exec("probe", "attributes") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        let seen = finished.output
        for line in ["umask=022", "blocked=", "ignored=", "pdeathsig=0", "timer=0", "groups=", "session=1"] {
            #expect(seen.lines.contains(line), "\(line) \(finished)")
        }
    }

    @Test func onlyTheStandardStreamsAreOpen() throws {
        let finished = try resting().exec("probe", "descriptors") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.output.lines.map { $0.words.first } == ["0", "1", "2"], "\(finished)")
    }

    // A process that holds the host's /dev/null open could change its owner.
    @Test func nullDeviceIsTheContainersOwn() throws {
        let container = try resting()
        let inside = try container.output(ofScript: "stat -L -c '%d %i' /proc/self/fd/0; stat -c '%d %i' /dev/null").lines
        #expect(inside.count == 2 && inside[0] == inside[1], "\(inside)")
    }

    @Test func sessionKeyringIsNotTheCallers() throws {
        let container = try resting()
        let callers = try Command([Workspace.probe, "keyring"]).run().output.words.first
        let seen = try container.exec("probe", "keyring").output
        #expect(seen.trimmed.hasSuffix(";_ses.\(container.id)"))
        #expect(seen.words.first != callers)
    }

    @Test func sessionKeyringIsTheCallersWhereTheContainerHasNone() throws {
        let bundle = try Bundle { $0.runs(arguments: ["probe", "pause"]) }
        let container = try bundle.create(["--no-new-keyring"])
        try container.start()
        let finished = try container.exec("probe", "keyring")
        #expect(finished.succeeded && !finished.output.contains("_ses.\(container.id)"), "\(finished)")
    }

    @Test func hostnameAndMountsAreTheContainers() throws {
        let container = try resting {
            $0.hostname = "inside"
            $0.linux.maskedPaths = ["/proc/keys"]
            $0.linux.readonlyPaths = ["/proc/sys"]
        }
        let seen = try container.output(
            ofScript: "hostname; cat /proc/keys; echo x 2>&1 >/proc/sys/kernel/core_pattern || echo refused")
        #expect(seen.hasPrefix("inside\n") && seen.hasSuffix("refused\n") && seen.lines.count == 3, "\(seen)")
    }

    @Test func rootMayBeReadOnly() throws {
        let container = try resting { $0.root.readonly = true }
        #expect(try container.output(ofScript: "touch /x 2>/dev/null && echo wrote; echo ran") == "ran\n")
    }

    @Test func rootMayBeFull() throws {
        let container = try resting { $0.mounts.append(.mount("/tmp", type: "tmpfs", source: "tmpfs", ["size=64k"])) }
        let seen = try container.output(
            ofScript: "dd if=/dev/zero of=/tmp/full bs=4k 2>/dev/null || df /tmp | tail -1; echo ran", options: ["--cwd", "/tmp"])
        #expect(seen.contains("100%") && seen.hasSuffix("ran\n"), "\(seen)")
        #expect(try container.output(ofScript: "echo again", options: ["--cwd", "/tmp"]) == "again\n")
    }

    @Test(arguments: [true, false]) func filterOfTheConfigHolds(noNewPrivileges: Bool) throws {
        let container = try resting {
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99]],
            ]
        }
        #expect(try container.exec("probe", "syscall", "\(Processor.getpriority)", "0", "0").output == "error 99\n")
        #expect(try field("Seccomp", of: container.output(ofScript: "cat /proc/self/status")) == "2")
        // The container's filter holds for a process.json too, whatever that says about new privileges.
        var process = JSON.process(["probe", "syscall", "\(Processor.getpriority)", "0", "0"])
        process.noNewPrivileges = .bool(!noNewPrivileges)
        #expect(try container.exec(process: process).output == "error 99\n")
    }

    // The calls that the process still makes after it has been cloned, each forbidden in turn.
    @Test(arguments: [
        "clone", "setsid", "sigaltstack", "rt_sigaction", "poll", "ppoll", "recvmsg", "sendmsg", "getrandom", "openat",
        "stat",
        "close_range",
        "umask", "munmap", "capget",
    ])
    func filterMayForbidWhatIsDoneBeforeItIsLoaded(call: String) throws {
        let container = try resting {
            $0.linux.seccomp = [
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [["names": [.string(call), "getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99]],
            ]
        }
        #expect(try container.exec("probe", "syscall", "\(Processor.getpriority)", "0", "0").output == "error 99\n")
    }

    @Test func personalityOfTheConfigHolds() throws {
        let container = try resting { $0.linux.personality = ["domain": .string(Processor.disguise.domain)] }
        #expect(try container.output(ofScript: "uname -m") == Processor.disguise.machine + "\n")
    }
}
