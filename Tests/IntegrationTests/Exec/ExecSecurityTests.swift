import CHarness
import Testing

/// What a container can do to a process that joins it, or through such a process.
///
/// The tests run one after another: a hostile container takes a whole processor.
@Suite("exec: hostile containers", .needsRoot, .sandboxed, .serialized)
struct ExecSecurityTests {
    /// Runs a program many times in a container whose own process attacks. Returns what the attacker wrote.
    private func attack(
        _ way: String, by program: [String] = ["true"], times: Int = 40, options: [String] = [],
        _ configure: (inout JSON) -> Void = { _ in },
        check: (Finished) -> Void = { #expect($0.succeeded, "\($0)") }
    ) throws -> String {
        let canary = "/tmp/\(Workspace.name)-canary-\(UInt32.random(in: .min ... .max))"
        try write("", to: canary)
        defer { unlink(canary) }
        let before = try metadata(Workspace.runtime)
        let bundle = try Bundle {
            $0.runs(arguments: ["probe", "reach", canary, way])
            configure(&$0)
        }
        try write("#!/proc/self/exe\n", to: bundle.rootfs + "/bin/script", mode: 0o755)
        let container = try bundle.start()
        try container.waitFor("ready\n")
        // Fewer times on a slower machine.
        for _ in 0..<max(5, times * 30 / Int(max(Command.deadline, 30))) {
            check(try container.joining(program, options: options).run())
        }
        try write("", to: bundle.rootfs + "/tmp/stop")
        #expect(try container.wait() == .exited(0))
        let after = try metadata(Workspace.runtime)
        #expect(
            after.st_ino == before.st_ino && after.st_size == before.st_size && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec)
        return container.output
    }

    private static let tracing = ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_KILL"]

    /// If a filter permits these calls, exec loads the filter before the process is visible in the container. Any other call of
    /// the process then fails.
    private static let stillToBeDone: [JSON] = [
        "capget", "capset", "exit_group", "clone", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "setsid",
        "prctl",
        "poll", "ppoll", "recvmsg", "sendmsg", "write", "ioctl", "dup2", "dup3", "close", "stat", "newfstatat", "mmap", "munmap",
        "umask",
        "close_range", "setgroups", "setresgid", "setresuid", "getuid", "getgid", "chdir", "getcwd",
        "execve",
    ]
    private static let doneByTheProgram: [JSON] = [
        "openat", "fstat", "read", "getrandom", "newfstatat",
        "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink", "mprotect", "ptrace", "wait4",
        "getdents64", "lseek", "fcntl", "access", "faccessat", "pread64", "pwrite64", "ftruncate", "clock_nanosleep", "nanosleep",
        "getpid", "readlinkat",
    ]

    // CVE-2016-9962, CVE-2019-5736: the attacker is root of the container, but may not trace.
    @Test func joiningProcessCannotBeLookedInto() throws {
        let seen = try attack("watch") {
            $0.process.capabilities = .capabilities(["CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_KILL"])
        }
        #expect(!seen.contains("reached"), "\(seen)")
        #expect(seen.contains(" programs\n") && !seen.contains("looked 0 times"), "\(seen)")
    }

    // A process that may trace can see all that the joining process has. So the joining process must have nothing of the
    // host's.
    @Test func joiningProcessHasNothingOfTheHosts() throws {
        let seen = try attack("trace", times: 60) { $0.process.capabilities = .capabilities(Self.tracing) }
        #expect(!seen.contains("reached"), "\(seen)")
        #expect(!seen.contains("at 0 programs"), "the runtime's own program was never seen: the test shows nothing")
    }

    // A tracer can use all capabilities of the traced process. The joining process must have only those of the container, and
    // the two that it needs to change user and groups.
    @Test(arguments: [
        "", "filter", "filter, no_new_privs", "strict filter", "strict filter, terminal", "strict filter, paused", "terminal",
        "user",
    ])
    func joiningProcessHasNoCapabilitiesToSteal(kind: String) throws {
        let options =
            kind.contains("terminal")
            ? ["--tty"] : kind.contains("user") ? ["--user", "1000:1000"] : kind.contains("paused") ? ["--ignore-paused"] : []
        let seen = try attack("trace", times: 60, options: options) {
            $0.process.capabilities = .capabilities(Self.tracing)
            $0.process.noNewPrivileges = JSON(booleanLiteral: kind.contains("no_new_privs"))
            if kind.contains("strict") {
                $0.linux.seccomp = [
                    "defaultAction": "SCMP_ACT_ERRNO",
                    "syscalls": [["names": .array(Self.stillToBeDone + Self.doneByTheProgram), "action": "SCMP_ACT_ALLOW"]],
                ]
            } else if kind.contains("filter") {
                $0.linux.seccomp = [
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [["names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38]],
                ]
            }
        }
        let held = try #require(seen.words.last.flatMap { UInt64($0, radix: 16) })
        try #require(held != 0, "the runtime's own program was never traced: the test shows nothing")
        // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_KILL and CAP_SYS_PTRACE are the container's. CAP_SETGID and CAP_SETUID
        // serve to change user and groups.
        let allowed = [1, 2, 5, 19, 6, 7].reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        if kind.contains("filter") { #expect(seen.contains("unfiltered 0\n"), "\(seen)") }
        #expect(held & ~allowed == 0, "held \(String(held, radix: 16))")
    }

    @Test func joiningProcessCannotBeTracedFromAUserNamespace() throws {
        let seen = try attack("watch") {
            $0.mapUsers()
            $0.process.capabilities = .capabilities(Self.tracing)
        }
        #expect(!seen.contains("reached"), "\(seen)")
    }

    @Test func joiningProcessHasNothingOfTheHostsWithoutAPidNamespaceOfItsOwn() throws {
        let first = try resting()
        let seen = try attack("trace") {
            $0.join(namespace: "pid", at: "/proc/\(first.pid)/ns/pid")
            $0.process.capabilities = .capabilities(Self.tracing)
        }
        #expect(!seen.contains("reached"), "\(seen)")
    }

    // CVE-2019-5736: the kernel executes the runtime's own program as the interpreter, or as the program. It then runs in the
    // container, where every process can open it.
    @Test(arguments: [["/bin/script"], ["/proc/self/exe", "--version"], ["/proc/self/exe", "list"]])
    func runtimesOwnProgramInTheContainerIsNoWayToTheHosts(program: [String]) throws {
        let seen = try attack(
            "trace", by: program, times: 10, { $0.process.capabilities = .capabilities(Self.tracing) }, check: { _ in })
        #expect(!seen.contains("reached"), "\(seen)")
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGSEGV]) func signalsOfTheContainerEndOnlyTheJoiningProcess(
        signal: Int32
    ) throws {
        _ = try attack(
            "signal:\(signal)", times: 8,
            check: { finished in
                // The signal has ended the program, or the joining process before it, which the runtime then reports.
                let isTold = finished.ending == .exited(255) && !finished.errors.isEmpty
                #expect(finished.ending == .exited(128 + signal) || isTold || finished.succeeded, "\(finished)")
            })
    }

    // A joining process that the container has stopped must not outlive its caller. There is a moment before the process is
    // tied to its caller; stopped then, it ends as soon as it's continued.
    @Test func joiningProcessThatIsStoppedEndsWithItsCaller() throws {
        let container = try resting()
        let namespace = linkTarget("/proc/\(container.pid)/ns/pid")
        let exec = try container.joining(["sleep", "1000"]).start()
        var joining: pid_t = 0
        try eventually("a process that joins") {
            joining =
                Cgroup.processes(container.bundle.cgroup).first {
                    $0 != container.pid && linkTarget("/proc/\($0)/ns/pid") == namespace
                } ?? 0
            return joining != 0
        }
        kill(joining, SIGSTOP)
        exec.signal(SIGKILL)
        #expect(try exec.finish().ending == .killed(by: SIGKILL))
        // A process that has become the program already belongs to the container.
        if read("/proc/\(joining)/cmdline") == "sleep\u{0}1000\u{0}" {
            container.bundle.sandbox.willEnd(joining)
        } else {
            kill(joining, SIGCONT)
            #expect(try reap(joining) != nil)
        }
    }

    // CVE-2024-21626: cwd must not be a descriptor of the host, by any of its names.
    @Test(arguments: ["/proc/self/fd/", "/proc/1/fd/", "/proc/thread-self/fd/", "/link/"])
    func workingDirectoryIsNoDescriptorOfTheCallers(prefix: String) throws {
        let container = try resting()
        try makeLink(container.bundle.rootfs + "/link", to: "/proc/self/fd")
        for number in [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 39, 1000] {
            let finished = try container.exec("ls", options: ["--cwd", prefix + String(number)]) {
                $0.arguments = [Workspace.probe, "odd"] + $0.arguments
            }
            #expect(finished.ending == .exited(255), "\(finished)")
            #expect(finished.output.isEmpty)
        }
    }

    @Test(arguments: ["/proc/self/fd/5/bin/sh", "/proc/self/fd/7/../bin/sh", "/link/3/bin/sh"])
    func programIsNotFoundByADescriptorOfTheCallers(program: String) throws {
        let container = try resting()
        try makeLink(container.bundle.rootfs + "/link", to: "/proc/self/fd")
        let finished = try container.exec(program, "-c", "echo ran") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(finished.output.isEmpty)
    }

    // The program's environment must have no effect on the runtime, which runs as root on the host.
    @Test func environmentOfTheProgramDoesNotReachTheRuntime() throws {
        let container = try resting()
        let given = [
            "LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/evil", "LD_AUDIT=/evil.so", "GLIBC_TUNABLES=glibc.malloc.check=3",
            "MALLOC_TRACE=/evil", "GCONV_PATH=/evil", "LISTEN_FDS=2", "LISTEN_PID=1", "TMPDIR=/evil", "XDG_RUNTIME_DIR=/evil",
            "NOTIFY_SOCKET=/evil",
        ]
        let finished = try container.exec(
            "sh", "-c", "env; probe descriptors", options: given.flatMap { ["--env", $0] }
        ) { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.succeeded, "\(finished)")
        #expect(Set(given).isSubset(of: finished.output.lines), "\(finished)")
        #expect(finished.output.lines.suffix(3).map { $0.words.first } == ["0", "1", "2"], "\(finished)")
    }

    @Test func listeningSocketsOfTheCallerAreNotPassedOn() throws {
        let finished = try resting().exec("sh", "-c", "echo $LISTEN_FDS; probe descriptors") {
            $0.environment += ["LISTEN_FDS=2"]
            $0.wrap(in: "export LISTEN_PID=$$; exec 3</ 4</etc")
        }
        #expect(finished.output.lines.map { $0.words.first } == [nil, "0", "1", "2"].compactMap(\.self), "\(finished)")
    }

    /// A container whose process has run this script first.
    private func prepared(_ script: String, _ configure: (inout JSON) -> Void = { _ in }) throws -> Container {
        let container = try Bundle {
            $0.process.capabilities = .capabilities(["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_MKNOD"])
            $0.runs(script + " && echo ready; exec sleep 1000")
            configure(&$0)
        }.start()
        try container.waitFor("ready\n")
        return container
    }

    // The runtime must neither trust nor write to the container's /proc.
    @Test func procOfTheContainerIsNotBelieved() throws {
        let forgery = """
            mount -t tmpfs none /proc && cd /proc && for p in self thread-self 1 2 3 4 5 6 7; do \
            mkdir -p $p/attr/apparmor $p/ns $p/fd; : >$p/attr/exec; : >$p/attr/apparmor/exec; : >$p/status; : >$p/oom_score_adj; \
            ln -s / $p/root; ln -s /bin/sh $p/exe; done
            """
        let container = try prepared(forgery)
        #expect(try container.exec("sh", "-c", "echo ran; hostname").output.hasPrefix("ran\n"))
        var process = JSON.process(["true"])
        process.oomScoreAdj = 500
        process.rlimits = [["type": "RLIMIT_CORE", "soft": 0, "hard": 0]]
        #expect(try container.exec(process: process).succeeded)
        #expect(
            try container.refusalOfExec("true", options: ["--apparmor", "no-such-profile"]).points(to: "/process/apparmorProfile")
        )
        #expect(try container.refusalOfExec("true", options: ["--process-label", "label"]).points(to: "/process/selinuxLabel"))
        #expect(
            try container.output(ofScript: "cat /proc/*/attr/exec /proc/*/attr/apparmor/exec /proc/*/oom_score_adj | wc -c")
                .trimmed == "0")
    }

    // exec doesn't need the container's /proc: a process writes its own attributes in the host's, before it joins the
    // namespaces.
    @Test func rootOfTheHostIsNotReachedByARemovedProc() throws {
        let container = try prepared("umount /proc")
        #expect(try container.output(ofScript: "echo ran; ls /proc | wc -l").words == ["ran", "0"])
        #expect(try container.exec("tty", options: ["--tty"]).ending == .exited(0))
    }

    @Test(arguments: [
        "ln -s /tmp/victim /dev/null", "echo x >/dev/null", "mkdir /dev/null", "mkfifo /dev/null || mknod /dev/null p",
        "mknod /dev/null c 1 8",
    ])
    func nullDeviceOfTheContainerIsNotBelieved(script: String) throws {
        let container = try prepared("echo victim >/tmp/victim; rm /dev/null && \(script)")
        let seen = try container.output(ofScript: "echo ran; stat -L -c '%t:%T' /proc/self/fd/0; cat /tmp/victim")
        // The runtime makes a null device of its own, on a file system that is mounted nowhere.
        #expect(seen == "ran\n1:3\nvictim\n")
    }

    @Test(arguments: [
        "ln -s /tmp/victim ptmx", "ln -s /dev/null ptmx", "echo x >ptmx", "mkdir ptmx", "mkfifo ptmx || mknod ptmx p", "true",
        "mknod ptmx c 1 3", "mknod ptmx c 5 0",
    ])
    func terminalsAreMadeByADevptsAlone(script: String) throws {
        let container = try prepared(
            "echo victim >/tmp/victim; cd /dev/pts && rm -f * && \(script)"
        ) {
            $0.drop(mount: "/dev/pts")
            $0.mounts.append(.mount("/dev/pts", type: "tmpfs", source: "tmpfs"))
        }
        #expect(try container.refusalOfExec("true", options: ["--tty"]).says("terminal"))
        #expect(read(container.bundle.rootfs + "/tmp/victim") == "victim\n")
    }

    // /dev/pts is a link here, and not a mount.
    @Test func terminalsAreNotMadeByALinkToAnotherDevpts() throws {
        let container = try prepared("umount /dev/pts && rmdir /dev/pts && ln -s /proc/1/root/dev/pts /dev/pts")
        #expect(try container.refusalOfExec("true", options: ["--tty"]).says("terminal"))
    }
}
