import CHarness
import Testing

@Suite("seccomp", .needsRoot, .sandboxed)
struct SeccompTests {
    /// A profile with these rules. By default it allows all other calls.
    private func profile(_ rules: JSON..., defaultAction: String = "SCMP_ACT_ALLOW") -> JSON {
        [
            "defaultAction": .string(defaultAction), "architectures": [.string(Processor.architecture)],
            "syscalls": .array(rules),
        ]
    }

    private func rule(_ name: String, _ action: String, errno: Int? = nil, _ args: JSON = .null) -> JSON {
        var rule: JSON = ["names": [.string(name)], "action": .string(action)]
        if let errno { rule.errnoRet = .number(errno) }
        rule.args = args
        return rule
    }

    private func comparison(_ index: Int, _ value: Int, _ operator: String, _ valueTwo: Int? = nil) -> JSON {
        var comparison: JSON = ["index": .number(index), "value": .number(value), "op": .string(`operator`)]
        if let valueTwo { comparison.valueTwo = .number(valueTwo) }
        return comparison
    }

    /// Runs the probe in a container with this profile. The probe makes the system call and writes its result.
    private func call(_ number: Int, _ arguments: Int..., under profile: JSON, noNewPrivileges: Bool = true) throws -> Finished {
        try Bundle {
            $0.runs(arguments: ["probe", "syscall", "\(number)"] + arguments.map { "\($0)" })
            $0.linux.seccomp = profile
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
        }.run()
    }

    @Test(arguments: [true, false]) func errorIsWhatTheRuleSays(noNewPrivileges: Bool) throws {
        let filter = profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: 99))
        let seen = try call(Processor.getpriority, 0, 0, under: filter, noNewPrivileges: noNewPrivileges)
        #expect(seen.output == "error 99\n", "\(seen)")
    }

    @Test func errorIsEPERMUnlessSet() throws {
        #expect(
            try call(Processor.getpriority, under: profile(rule("getpriority", "SCMP_ACT_ERRNO"))).output == "error \(EPERM)\n")
    }

    @Test func errorMayBeZero() throws {
        #expect(
            try call(Processor.getpriority, under: profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: 0))).output
                == "result 0\n")
    }

    @Test func defaultErrorIsForCallsWithoutARule() throws {
        // The rules allow everything that the probe and the runtime's last steps need.
        var filter = profile(
            [
                "names": JSON(Self.harmless), "action": "SCMP_ACT_ALLOW",
            ], defaultAction: "SCMP_ACT_ERRNO")
        filter.defaultErrnoRet = 77
        #expect(try call(Processor.getpriority, under: filter).output == "error 77\n")
    }

    private static let harmless = [
        "read", "write", "open", "openat", "close", "fstat", "newfstatat", "statx", "mmap", "munmap", "mprotect", "brk", "exit",
        "exit_group",
        "execve", "execveat", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat",
        "getrandom", "futex", "uname", "ioctl", "writev", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "prctl", "getcwd",
        "chdir",
        "close_range", "capset", "capget", "setuid", "setgid", "setresuid", "setresgid", "setgroups", "fcntl", "fchdir",
        "rt_sigreturn",
        "getpid", "gettid", "tgkill", "madvise", "sched_yield", "nanosleep", "epoll_pwait", "fstatfs", "clone",
        "sched_getaffinity", "kill",
        "sendmsg", "recvmsg", "getuid", "getgid", "geteuid", "getegid", "getdents64", "lseek", "stat", "lstat", "access",
        "faccessat2",
    ]

    @Test func syscallNewerThanTheProfileIsAnsweredWithENOSYS() throws {
        var filter = profile(["names": JSON(Self.harmless), "action": "SCMP_ACT_ALLOW"], defaultAction: "SCMP_ACT_ERRNO")
        #expect(try call(600, under: filter).output == "error \(ENOSYS)\n")
        // The profile's author knew this older call and left it out, so it gets the default error.
        filter.defaultErrnoRet = 77
        #expect(try call(Processor.personality, 0xFFFF_FFFF, under: filter).output == "error 77\n")
    }

    @Test func killEndsTheProcess() throws {
        for action in ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD"] {
            let seen = try call(Processor.getpriority, under: profile(rule("getpriority", action)))
            #expect(seen.ending == .exited(128 + SIGSYS), "\(action): \(seen)")
            #expect(seen.output.isEmpty)
        }
    }

    @Test func trapIsASignal() throws {
        let seen = try call(Processor.getpriority, under: profile(rule("getpriority", "SCMP_ACT_TRAP")))
        #expect(seen.ending == .exited(128 + SIGSYS), "\(seen)")
    }

    // Without a tracer the kernel answers ENOSYS (seccomp(2)).
    @Test func traceWithoutATracerIsENOSYS() throws {
        #expect(
            try call(Processor.getpriority, under: profile(rule("getpriority", "SCMP_ACT_TRACE", errno: 5))).output
                == "error \(ENOSYS)\n")
    }

    @Test func logAllows() throws {
        #expect(try call(Processor.getpriority, under: profile(rule("getpriority", "SCMP_ACT_LOG"))).output.hasPrefix("result "))
    }

    // getpriority(which, who): PRIO_PROCESS is 0, PRIO_USER 2. The second argument is compared.
    @Test(
        arguments: [
            ("SCMP_CMP_NE", 5, nil, [4, 6], [5]), ("SCMP_CMP_LT", 5, nil, [4, 0], [5, 6]), ("SCMP_CMP_LE", 5, nil, [4, 5], [6]),
            ("SCMP_CMP_EQ", 5, nil, [5], [4, 6]), ("SCMP_CMP_GE", 5, nil, [5, 6], [4]), ("SCMP_CMP_GT", 5, nil, [6], [5, 4]),
            ("SCMP_CMP_MASKED_EQ", 12, 8, [8, 9, 11], [0, 4, 12]),
        ] as [(String, Int, Int?, [Int], [Int])])
    func operatorMatches(name: String, value: Int, valueTwo: Int?, matching: [Int], other: [Int]) throws {
        let filter = profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: 99, [comparison(1, value, name, valueTwo)]))
        let bundle = try Bundle {
            $0.linux.seccomp = filter
            $0.runs(
                "for value in \((matching + other).map(String.init).joined(separator: " ")); do probe syscall \(Processor.getpriority) 9 $value; done"
            )
        }
        // No target has the kind 9, so a call that the filter lets through fails with EINVAL.
        #expect(try bundle.output().lines == matching.map { _ in "error 99" } + other.map { _ in "error \(EINVAL)" })
    }

    @Test func valuesAreComparedInAll64Bits() throws {
        let filter = profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: 99, [comparison(1, 0x1_0000_0000, "SCMP_CMP_EQ")]))
        #expect(try call(Processor.getpriority, 9, 0x1_0000_0000, under: filter).output == "error 99\n")
        #expect(try call(Processor.getpriority, 9, 0, under: filter).output == "error \(EINVAL)\n")
    }

    @Test func severalArgumentsMustAllMatch() throws {
        let filter = profile(
            rule("getpriority", "SCMP_ACT_ERRNO", errno: 99, [comparison(0, 9, "SCMP_CMP_EQ"), comparison(1, 5, "SCMP_CMP_EQ")]))
        #expect(try call(Processor.getpriority, 9, 5, under: filter).output == "error 99\n")
        #expect(try call(Processor.getpriority, 9, 6, under: filter).output == "error \(EINVAL)\n")
    }

    // libseccomp takes one comparison for each argument. Several for the same argument are alternatives, as with other
    // runtimes.
    @Test func severalComparisonsOfOneArgumentAreAlternatives() throws {
        let filter = profile(
            rule("getpriority", "SCMP_ACT_ERRNO", errno: 99, [comparison(1, 5, "SCMP_CMP_EQ"), comparison(1, 6, "SCMP_CMP_EQ")]))
        for value in [5, 6] { #expect(try call(Processor.getpriority, 9, value, under: filter).output == "error 99\n") }
        #expect(try call(Processor.getpriority, 9, 7, under: filter).output == "error \(EINVAL)\n")
    }

    @Test func unknownSyscallNameIsPassedOver() throws {
        let filter = profile(rule("no_such_call", "SCMP_ACT_ERRNO"), rule("getpriority", "SCMP_ACT_ERRNO", errno: 99))
        #expect(try call(Processor.getpriority, under: filter).output == "error 99\n")
    }

    @Test(arguments: [true, false]) func filterShowsInTheStatus(noNewPrivileges: Bool) throws {
        let seen = try output(of: "cat", "/proc/self/status") {
            $0.linux.seccomp = profile(rule("getpriority", "SCMP_ACT_ERRNO"))
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.process.user.uid = 1000
        }
        #expect(seen.contains("Seccomp:\t2\n"))
        #expect(seen.contains("Seccomp_filters:\t1\n"))
    }

    @Test func withoutAProfileThereIsNoFilter() throws {
        #expect(try output(of: "cat", "/proc/self/status").contains("Seccomp:\t0\n"))
    }

    @Test(arguments: [["SECCOMP_FILTER_FLAG_LOG"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"], ["SECCOMP_FILTER_FLAG_TSYNC"], []])
    func flagsAreTaken(flags: [String]) throws {
        var filter = profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: 99))
        filter.flags = JSON(flags)
        #expect(try call(Processor.getpriority, under: filter).output == "error 99\n")
    }

    @Test func profilesThatDifferInAnErrorOnlyDoNotShareAFilter() throws {
        for errno in [90, 91, 90] {
            let bundle = try Bundle {
                $0.linux.seccomp = profile(rule("getpriority", "SCMP_ACT_ERRNO", errno: errno))
                $0.runs(arguments: ["probe", "syscall", "\(Processor.getpriority)"])
            }
            #expect(try bundle.output() == "error \(errno)\n")
        }
    }

    @Test func notifiedCallIsTheAgentsToAnswer() throws {
        let bundle = try Bundle {
            var filter = profile(rule("getpriority", "SCMP_ACT_NOTIFY"))
            filter.listenerMetadata = "for the agent"
            $0.linux.seccomp = filter
            $0.annotations = ["a": "b"]
            $0.runs(arguments: ["probe", "syscall", "\(Processor.getpriority)"])
        }
        bundle.config.linux.seccomp.listenerPath = .string(bundle.path + "/agent.sock")
        let listener = h_listen(bundle.path + "/agent.sock")
        defer { close(listener) }
        let container = try bundle.create()
        let start = try bundle.sandbox.command(["start", bundle.id]).start()
        let received = try Received(from: listener)
        defer { close(received.descriptor) }
        #expect(h_answer_notification(received.descriptor, 55) == 0)
        #expect(try start.finish().succeeded)
        #expect(try container.wait() == .exited(0))
        #expect(container.output == "error 55\n")

        let state = try JSONParser.parse(received.text)
        #expect(state.fds == ["seccompFd"])
        #expect(state.pid == .number(Int(container.pid)))
        #expect(state.metadata == "for the agent")
        #expect(state.ociVersion.text?.hasPrefix("1.") == true)
        // As in the specification's example and with runc: the program hasn't been executed yet.
        #expect(state.state.status == "creating")
        #expect(state.state.id == .string(bundle.id))
        #expect(state.state.pid == .number(Int(container.pid)))
        #expect(state.state.bundle == .string(bundle.path))
        #expect(state.state.annotations == ["a": "b"])
    }

    @Test func callOfAnExecIsTheAgentsToAnswer() throws {
        let bundle = try Bundle {
            $0.linux.seccomp = profile(rule("getpriority", "SCMP_ACT_NOTIFY"))
            $0.runs(arguments: ["probe", "pause"])
        }
        let path = bundle.path + "/agent.sock"
        bundle.config.linux.seccomp.listenerPath = .string(path)
        let listener = h_listen(path)
        defer { close(listener) }
        let container = try bundle.create()
        let start = try bundle.sandbox.command(["start", bundle.id]).start()
        let first = try Received(from: listener)
        close(first.descriptor)
        #expect(try start.finish().succeeded)
        let exec = try container.joining(["probe", "syscall", "\(Processor.getpriority)"]).start()
        let received = try Received(from: listener)
        defer { close(received.descriptor) }
        #expect(h_answer_notification(received.descriptor, 55) == 0)
        #expect(try exec.finish().output == "error 55\n")
        let state = try JSONParser.parse(received.text)
        #expect(state.pid != .number(Int(container.pid)) && state.pid.integer.map { $0 > 0 } == true, "\(state)")
        #expect(state.state.status == "running")
        #expect(state.state.pid == .number(Int(container.pid)))
    }

    // The agent must get the descriptor even if the agent also decides about the call that sends it.
    @Test(arguments: ["sendmsg", "read"]) func callThatHandsTheListenerOverMayBeTheAgentsToo(name: String) throws {
        let bundle = try Bundle {
            $0.linux.seccomp = profile(rule("getpriority", "SCMP_ACT_NOTIFY"), rule(name, "SCMP_ACT_NOTIFY"))
            // Descriptor 99 isn't open.
            $0.runs(arguments: name == "read" ? ["true"] : ["probe", "syscall", "\(Processor.sendmsg)", "99"])
        }
        bundle.config.linux.seccomp.listenerPath = .string(bundle.path + "/agent.sock")
        let listener = h_listen(bundle.path + "/agent.sock")
        defer { close(listener) }
        let run = try bundle.command("run").start()
        let received = try Received(from: listener)
        defer { close(received.descriptor) }
        if name == "read" {
            // The first read under the filter is the runtime's, which waits for the agent. If the agent refuses it, the command
            // fails.
            #expect(h_answer_notification(received.descriptor, 55) == 0)
            #expect(try !run.finish().succeeded)
        } else {
            #expect(h_answer_notification(received.descriptor, 55) == 0)
            let finished = try run.finish()
            #expect(finished.output == "error 55\n", "\(finished)")
        }
    }

    // Everything else happens before the filter is loaded, and execve itself computes the capabilities (capabilities(7)).
    @Test(arguments: [
        "getcwd", "chdir", "getuid", "getgid", "setgroups", "setresuid", "setresgid", "capset", "capget", "prctl", "close",
        "close_range", "sched_setattr", "write", "sendmsg", "umask",
    ])
    func nothingNeedBeCalledBehindTheFilterButExecve(name: String) throws {
        let bundle = try Bundle {
            $0.process.noNewPrivileges = false
            $0.process.user = ["uid": 1000, "gid": 1000, "additionalGids": [5]]
            $0.process.cwd = "/tmp"
            $0.process.capabilities.inheritable = ["CAP_KILL"]
            $0.process.capabilities.ambient = ["CAP_KILL"]
            $0.linux.seccomp = profile(rule(name, "SCMP_ACT_ERRNO"))
        }
        let finished = try bundle.run()
        #expect(finished.succeeded, "\(finished)")
    }

    @Test(arguments: [true, false]) func capabilitiesAreTheConfigsWhereTheFilterComesLast(noNewPrivileges: Bool) throws {
        let seen = try output(of: "cat", "/proc/self/status") {
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.process.user = ["uid": 1000, "gid": 1000]
            $0.process.capabilities.inheritable = ["CAP_KILL"]
            $0.process.capabilities.ambient = ["CAP_KILL"]
            $0.linux.seccomp = profile(rule("capset", "SCMP_ACT_ERRNO"))
        }
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] { #expect(seen.contains(set + ":\t0000000000000020\n"), "\(seen)") }
        #expect(seen.contains("CapBnd:\t0000000020000420\n"), "\(seen)")
    }

    // The filter forbids both to send the error and to exit.
    @Test(arguments: [true, false]) func programThatCannotBeExecutedIsSaidUnderAFilterThatPermitsNothingElse(
        noNewPrivileges: Bool
    ) throws {
        let bundle = try Bundle {
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.linux.seccomp = profile(rule("execve", "SCMP_ACT_ALLOW"), defaultAction: "SCMP_ACT_ERRNO")
            $0.runs(arguments: ["/bin/script"])
        }
        try write("#!/no/such/interpreter\n", to: bundle.rootfs + "/bin/script", mode: 0o755)
        let finished = try bundle.run()
        #expect(finished.ending == .exited(1), "\(finished)")
        #expect(finished.errors.says("exec: \"/bin/script\": no such file or directory"))
    }

    @Test func agentThatIsNotThereIsAnError() throws {
        let bundle = try Bundle { $0.linux.seccomp = profile(rule("getpriority", "SCMP_ACT_NOTIFY")) }
        bundle.config.linux.seccomp.listenerPath = .string(bundle.path + "/nobody.sock")
        let finished = try bundle.run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("nobody.sock"))
    }
}
