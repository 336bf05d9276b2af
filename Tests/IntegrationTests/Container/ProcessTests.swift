import CHarness
import Testing

@Suite("process", .needsRoot, .sandboxed)
struct ProcessTests {
    @Test func argumentsArriveAsTheyAre() throws {
        let odd = ["", " ", "a b", "é", "\"quoted\"", "line\nbreak", "\u{1}", "$HOME"]
        let bundle = try Bundle { $0.runs(arguments: ["sh", "-c", "for a; do printf '[%s]' \"$a\"; done", "sh"] + odd) }
        #expect(try bundle.output() == odd.map { "[\($0)]" }.joined())
    }

    @Test func isTheFirstOfItsPidNamespace() throws {
        #expect(try output(ofScript: "echo $$") == "1\n")
    }

    @Test func programIsFoundOnThePathOfItsOwnEnvironment() throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["tool"])
            $0.process.env = ["PATH=/nowhere:/opt/tools:/bin"]
        }
        try makeDirectory(bundle.rootfs + "/opt/tools")
        try write("#!/bin/sh\necho the right one\n", to: bundle.rootfs + "/opt/tools/tool", mode: 0o755)
        try write("#!/bin/sh\necho a later one\n", to: bundle.rootfs + "/bin/tool", mode: 0o755)
        #expect(try bundle.output() == "the right one\n")
    }

    @Test func programWithASlashIsRelativeToTheWorkingDirectory() throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["sub/tool"])
            $0.process.cwd = "/opt"
        }
        try makeDirectory(bundle.rootfs + "/opt/sub")
        try write("#!/bin/sh\necho $0\n", to: bundle.rootfs + "/opt/sub/tool", mode: 0o755)
        #expect(try bundle.output() == "sub/tool\n")
    }

    @Test func programThatIsNowhereIsRefusedByCreate() throws {
        let message = try refusal { $0.runs(arguments: ["no-such-program"]) }
        #expect(message.says("exec: \"no-such-program\": executable file not found in $PATH"))
    }

    @Test func programThatDoesNotExistIsRefusedByCreate() throws {
        #expect(try refusal { $0.runs(arguments: ["/no/such/program"]) }.says("no such file or directory"))
    }

    @Test(arguments: ["sh", "/bin/sh"]) func emptyRootIsNamedAsTheReason(program: String) throws {
        let bundle = try Bundle {
            $0.runs(arguments: [program])
            $0.root.path = "empty"
        }
        try makeDirectory(bundle.path + "/empty")
        #expect(try bundle.refusal().says("hint: the root filesystem has neither /bin nor /usr"))
        #expect(try !refusal { $0.runs(arguments: ["no-such-program"]) }.contains("hint:"))
    }

    @Test func programThatMayNotBeExecutedIsRefusedByCreate() throws {
        let bundle = try Bundle { $0.runs(arguments: ["/etc/motd"]) }
        try write("not a program", to: bundle.rootfs + "/etc/motd")
        #expect(try bundle.refusal().says("permission denied"))
    }

    @Test func directoryIsNoProgram() throws {
        let message = try refusal { $0.runs(arguments: ["/etc"]) }
        #expect(message.says("permission denied") || message.says("is a directory"))
    }

    @Test func environmentIsWhatTheConfigSaysAndNothingOfTheCallers() throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["env"])
            $0.process.env = ["PATH=/bin", "HOME=/somewhere", "EMPTY=", "EQUALS=a=b", "SPACED=a b", "lower=1"]
        }
        let finished = try bundle.run {
            $0.environment += ["SECRET=of the caller", "LD_PRELOAD=/evil.so", "NOTIFY_SOCKET=", "LISTEN_FDS="]
        }
        #expect(
            finished.output.lines.sorted() == ["EMPTY=", "EQUALS=a=b", "HOME=/somewhere", "PATH=/bin", "SPACED=a b", "lower=1"])
    }

    @Test func lastOfSeveralWithOneNameCounts() throws {
        let seen = try output(of: "env") { $0.process.env = ["PATH=/bin", "A=1", "HOME=/", "A=2"] }
        #expect(seen.lines.filter { $0.hasPrefix("A=") } == ["A=2"])
    }

    @Test func homeComesFromTheContainersAccounts() throws {
        let bundle = try Bundle {
            $0.runs("echo $HOME")
            $0.process.user = ["uid": 1000, "gid": 1000]
        }
        try write("root:x:0:0::/root:/bin/sh\nsomebody:x:1000:1000::/home/somebody:/bin/sh\n", to: bundle.rootfs + "/etc/passwd")
        #expect(try bundle.output() == "/home/somebody\n")
    }

    @Test func homeIsTheRootWithoutAnAccount() throws {
        #expect(try output(ofScript: "echo $HOME") { $0.process.user = ["uid": 12345, "gid": 0] } == "/\n")
    }

    @Test func homeMayStandFarBehind() throws {
        let bundle = try Bundle {
            $0.runs("echo $HOME")
            $0.process.user = ["uid": 1000, "gid": 1000]
        }
        let others = (0..<60_000).map { "user\($0):x:\($0 + 5000):\($0)::/home/user\($0):/bin/sh\n" }.joined()
        try #require(others.utf8.count > 2 << 20)
        // A line that is too long for any program is skipped up to its end.
        let long = "long:x:1000:1000:" + String(repeating: "x", count: 200_000) + ":/home/long:/bin/sh\n"
        try write(others + long + "last:x:1000:1000::/home/last:/bin/sh", to: bundle.rootfs + "/etc/passwd")
        #expect(try bundle.output() == "/home/last\n")
    }

    // As with runc, an empty HOME counts as a missing one.
    @Test func emptyHomeIsNone() throws {
        let bundle = try Bundle {
            $0.runs("env | grep HOME")
            $0.process.env = ["HOME=/first", "PATH=/bin", "HOME="]
            $0.process.user = ["uid": 1000, "gid": 1000]
        }
        try write("somebody:x:1000:1000::/home/somebody:/bin/sh\n", to: bundle.rootfs + "/etc/passwd")
        #expect(try bundle.output() == "HOME=/home/somebody\n")
    }

    // Reading a fifo would block for ever, and reading a device might never end.
    @Test(arguments: ["fifo", "directory", "huge", "link"]) func oddAccountFilesAreHarmless(kind: String) throws {
        let bundle = try Bundle { $0.runs("echo ran") }
        let path = bundle.rootfs + "/etc/passwd"
        switch kind {
        case "fifo": #expect(mkfifo(path, 0o644) == 0)
        case "directory": try makeDirectory(path)
        case "huge":
            try write("", to: path)
            #expect(truncate(path, 1 << 30) == 0)
        default: try makeLink(path, to: "/dev/zero")
        }
        #expect(try bundle.output() == "ran\n")
    }

    @Test func workingDirectoryIsTheOneOfTheConfig() throws {
        #expect(try output(of: "pwd") { $0.process.cwd = "/tmp" } == "/tmp\n")
    }

    @Test func missingWorkingDirectoryIsMade() throws {
        #expect(try output(of: "pwd") { $0.process.cwd = "/var/a/b/c" } == "/var/a/b/c\n")
    }

    @Test func workingDirectoryMayBeALinkInsideTheRoot() throws {
        let bundle = try Bundle {
            $0.runs(arguments: ["sh", "-c", "pwd -P"])
            $0.process.cwd = "/link/sub"
        }
        try makeDirectory(bundle.rootfs + "/real/sub")
        try makeLink(bundle.rootfs + "/link", to: "/real")
        #expect(try bundle.output() == "/real/sub\n")
    }

    @Test func relativeWorkingDirectoryIsRefused() throws {
        #expect(try refusal { $0.process.cwd = "tmp" }.points(to: "/process/cwd"))
    }

    @Test func workingDirectoryThatIsAFileIsRefused() throws {
        let bundle = try Bundle { $0.process.cwd = "/etc/motd" }
        try write("a file", to: bundle.rootfs + "/etc/motd")
        let message = try bundle.refusal()
        #expect(message.says("/etc/motd"))
        #expect(message.says("not a directory"))
    }

    // cwd is entered with the runtime's rights or, if they don't suffice, with the user's, as with runc.
    @Test(arguments: [0, 1000]) func workingDirectoryMayBeClosedToOneOfRootAndTheUser(owner: UInt32) throws {
        let bundle = try Bundle {
            $0.process.user = ["uid": 1000, "gid": 1000]
            $0.process.cwd = "/closed"
            $0.runs(arguments: ["pwd"])
        }
        try makeDirectory(bundle.rootfs + "/closed", mode: 0o700)
        #expect(chown(bundle.rootfs + "/closed", owner, owner) == 0)
        #expect(try bundle.output() == "/closed\n")
    }

    // Root of the container, without CAP_DAC_OVERRIDE.
    @Test func workingDirectoryMayBeClosedToRootOfTheContainer() throws {
        let bundle = try Bundle {
            $0.process.cwd = "/closed"
            $0.runs(arguments: ["pwd"])
        }
        try makeDirectory(bundle.rootfs + "/closed", mode: 0o700)
        #expect(chown(bundle.rootfs + "/closed", 1000, 1000) == 0)
        #expect(try bundle.output() == "/closed\n")
    }

    // In a user namespace neither root nor the user has any rights to a directory of the host's root.
    @Test func workingDirectoryThatNobodyInTheContainerMayEnterIsRefused() throws {
        let bundle = try Bundle {
            $0.mapUsers()
            $0.process.user = ["uid": 1000, "gid": 1000]
            $0.process.cwd = "/closed"
        }
        try makeDirectory(bundle.rootfs + "/closed", mode: 0o700)
        let finished = try bundle.run()
        #expect(finished.ending == .exited(1))
        #expect(finished.errors.says("chdir to cwd (\"/closed\") set in config.json failed: permission denied"))
    }

    @Test func sessionIsItsOwn() throws {
        #expect(try output(of: "probe", "attributes").contains("session=1\n"))
    }
}
