import CHarness
import Testing

@Suite("exec: options", .needsRoot, .sandboxed)
struct ExecOptionTests {
    @Test func withoutOptionsItIsAsTheContainersProcess() throws {
        let container = try resting {
            $0.process.cwd = "/tmp"
            $0.process.env = ["PATH=/bin", "FIRST=1", "EMPTY="]
            $0.process.user = ["uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o027]
        }
        let seen = try container.output(
            ofScript: "env | sort; pwd; umask; cat /proc/self/status", adjusting: { $0.environment.append("CALLERS=1") })
        #expect(seen.hasPrefix("EMPTY=\nFIRST=1\nHOME=/\nPATH=/bin\nPWD=/tmp\nSHLVL=1\n/tmp\n0027\n"), "\(seen)")
        #expect(field("Uid", of: seen)?.words == ["1000", "1000", "1000", "1000"])
        #expect(field("Gid", of: seen)?.words == ["1001", "1001", "1001", "1001"])
        #expect(field("Groups", of: seen)?.words == ["5", "6"])
        #expect(field("NoNewPrivs", of: seen) == "1")
    }

    @Test func argumentsReachTheProgramUnchanged() throws {
        let odd = ["", " ", "--tty", "-x", "a\"b", "\\", "$HOME", "ünï", "line\nbreak", "--", "--cwd=/tmp"]
        let container = try resting()
        let finished = try container.joining(["sh", "-c", "for a; do printf '[%s]' \"$a\"; done", "sh"] + odd).run()
        #expect(finished.output == odd.map { "[\($0)]" }.joined())
    }

    @Test(arguments: [["--cwd", "/var"], ["--cwd=/var"], ["-cwd=/var"]]) func cwdIsTheWorkingDirectory(options: [String]) throws {
        #expect(try resting { $0.process.cwd = "/tmp" }.output(ofScript: "pwd", options: options) == "/var\n")
    }

    @Test func cwdMayBeALinkInsideTheRoot() throws {
        let container = try resting()
        try makeLink(container.bundle.rootfs + "/link", to: "/tmp")
        #expect(try container.output(ofScript: "pwd -P", options: ["--cwd", "/link"]) == "/tmp\n")
    }

    @Test func envIsAddedAndTheLastOfANameCounts() throws {
        let container = try resting { $0.process.env = ["PATH=/bin", "KEPT=1", "CHANGED=1"] }
        let seen = try container.output(
            ofScript: "env", options: ["--env", "CHANGED=2", "-e", "NEW=a=b c", "--env=CHANGED=3", "-e", "EMPTY="])
        let wanted = ["KEPT=1", "CHANGED=3", "NEW=a=b c", "EMPTY="]
        #expect(Set(wanted).isSubset(of: seen.lines), "\(seen)")
        #expect(seen.lines.filter { $0.hasPrefix("CHANGED=") }.count == 1)
    }

    @Test func programIsSearchedOnThePathThatIsGiven() throws {
        let container = try resting()
        try makeDirectory(container.bundle.rootfs + "/opt")
        try write("#!/bin/sh\necho the right one\n", to: container.bundle.rootfs + "/opt/true", mode: 0o755)
        #expect(try container.exec("true", options: ["--env", "PATH=/opt:/bin"]).output == "the right one\n")
    }

    @Test(arguments: [["--additional-gids", "7", "--additional-gids", "8"], ["-g", "7", "-g=8"]])
    func additionalGroupsAreAdded(options: [String]) throws {
        let container = try resting { $0.process.user.additionalGids = [5] }
        #expect(
            try field("Groups", of: container.output(ofScript: "cat /proc/self/status", options: options))?.words == [
                "5", "7", "8",
            ])
    }

    @Test func callersGroupsAreNotPassedOn() throws {
        let container = try resting()
        let finished = try container.exec("probe", "attributes") { $0.arguments = [Workspace.probe, "odd"] + $0.arguments }
        #expect(finished.output.contains("groups=\n"), "\(finished)")
    }

    @Test(arguments: [false, true]) func noNewPrivilegesIsSetWhenAskedFor(asked: Bool) throws {
        let container = try resting { $0.process.noNewPrivileges = false }
        let seen = try container.output(
            ofScript: "cat /proc/self/status", options: asked ? ["--no-new-privs"] : ["--no-new-privs=false"])
        #expect(field("NoNewPrivs", of: seen) == (asked ? "1" : "0"))
    }

    // Leaving an option out must not allow what the config forbids.
    @Test func noNewPrivilegesOfTheConfigHolds() throws {
        #expect(try field("NoNewPrivs", of: resting().output(ofScript: "cat /proc/self/status")) == "1")
    }

    // podman reads the digits only. The pid is the one in the caller's pid namespace.
    @Test func pidFileHoldsThePidOfTheCallersView() throws {
        let container = try resting()
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec("sleep", "1000", options: ["--detach", "--pid-file", path])
        #expect(finished.succeeded, "\(finished)")
        let pid = try #require(pid_t(read(path)))
        container.bundle.sandbox.willEnd(pid)
        #expect(read("/proc/\(pid)/cmdline") == "sleep\u{0}1000\u{0}")
        #expect(linkTarget("/proc/\(pid)/ns/pid") == linkTarget("/proc/\(container.pid)/ns/pid"))
    }

    @Test(arguments: ["no-such-program", "/proc/self/root/no-such-program", "/etc"])
    func pidFileIsNotWrittenForWhatCannotBeRun(program: String) throws {
        let container = try resting()
        let path = container.bundle.path + "/pid"
        _ = try container.refusalOfExec(program, options: ["--pid-file", path])
        #expect(!exists(path))
    }

    // There is no /proc/self for a process outside the container's pid namespace.
    @Test(arguments: [
        ["/proc/self/root/bin/true"], ["--cwd", "/proc/self/root/bin", "./true"], ["--env", "PATH=/proc/self/root/bin", "true"],
    ])
    func programIsFoundAsTheContainersProcessFindsIt(arguments: [String]) throws {
        let container = try resting()
        let finished = try container.exec(arguments.last ?? "", options: Array(arguments.dropLast()))
        #expect(finished.succeeded, "\(finished)")
    }

    @Test(arguments: ["/proc/self/fd/3", "/dev/fd/3"]) func programMayBeAPreservedDescriptor(path: String) throws {
        let container = try resting()
        let finished = try container.exec(path, "attributes", options: ["--preserve-fds", "1"]) {
            $0.arguments = [Workspace.busybox, "sh", "-c", "exec \"$@\" 3<\(Workspace.probe)", "sh"] + $0.arguments
        }
        #expect(finished.succeeded && finished.output.contains("dumpable=1"), "\(finished)")
    }

    @Test func pidFileThatCannotBeWrittenIsAnError() throws {
        let container = try resting()
        let message = try container.refusalOfExec("true", options: ["--pid-file", "/no/such/directory/pid"])
        #expect(message.says("/no/such/directory/pid"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }

    @Test func pidfdGoesToTheSocket() throws {
        let container = try resting()
        let path = container.bundle.path + "/pidfd.sock"
        let listener = h_listen(path)
        defer { close(listener) }
        let pidFile = container.bundle.path + "/exec.pid"
        let finished = try container.exec(
            "sleep", "1000", options: ["--detach", "--pidfd-socket", path, "--pid-file", pidFile])
        #expect(finished.succeeded, "\(finished)")
        let pidfd = try Received(from: listener).descriptor
        defer { close(pidfd) }
        #expect(field("Pid", of: read("/proc/self/fdinfo/\(pidfd)")) == read(pidFile))
        container.bundle.sandbox.willEnd(try #require(pid_t(read(pidFile))))
    }

    @Test func pidfdSocketThatNobodyListensAtIsAnError() throws {
        let container = try resting()
        let message = try container.refusalOfExec("true", options: ["--pidfd-socket", container.bundle.path + "/nobody.sock"])
        #expect(message.says("nobody.sock"))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }

    @Test(arguments: ["--detach", "-d"]) func detachedReturnsWhileTheProgramRuns(option: String) throws {
        let container = try resting()
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec(
            "sh", "-c", "echo ready; until test -e /tmp/go; do sleep 0.01; done; exit 5", options: [option, "--pid-file", path])
        #expect(finished.succeeded, "\(finished)")
        let pid = try #require(pid_t(read(path)))
        try eventually("the program's output") { finished.output == "ready\n" }
        try write("", to: container.bundle.rootfs + "/tmp/go")
        // The program is the caller's child, as engines need it to be.
        #expect(try reap(pid) == .exited(5))
    }

    @Test func preservedDescriptorsArePassedOn() throws {
        let container = try resting()
        let three = h_open(container.bundle.path + "/three", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        let four = h_open(container.bundle.path + "/four", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        defer { for descriptor in [three, four] { close(descriptor) } }
        let finished = try container.exec("sh", "-c", "echo three >&3; probe descriptors", options: ["--preserve-fds", "1"]) {
            $0.descriptors = [3: three, 4: four]
        }
        #expect(finished.output.lines.map { $0.words.first } == ["0", "1", "2", "3"], "\(finished)")
        #expect(read(container.bundle.path + "/three") == "three\n")
    }

    @Test(arguments: ["-1", "x", "99999999999"]) func badCountOfDescriptorsIsRefused(count: String) throws {
        _ = try resting().refusalOfExec("true", options: ["--preserve-fds", count])
    }

    // The machines that run these tests have loaded neither profiles nor labels, and the program must not run without its own.
    @Test(arguments: [("--apparmor", "/process/apparmorProfile"), ("--process-label", "/process/selinuxLabel")])
    func labelThatCannotBeSetIsRefused(option: String, pointer: String) throws {
        let container = try resting()
        #expect(try container.refusalOfExec("true", options: [option, "no-such-profile"]).points(to: pointer))
        #expect(Cgroup.processes(container.bundle.cgroup) == [container.pid])
    }

    @Test(arguments: ["--no-such-option", "--cwd", "--process", "--env", "--user"]) func wrongOptionsAreRefused(option: String)
        throws
    {
        let container = try resting()
        let finished = try container.bundle.sandbox.command(["exec", option]).run()
        #expect(finished.ending == .exited(255), "\(finished)")
        #expect(!finished.errors.isEmpty)
    }
}
