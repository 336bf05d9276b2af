import CHarness
import Testing

/// The program's user and rights. Each test looks at the program itself: a status of 0 doesn't show that the right user ran it.
@Suite("exec: user and capabilities", .needsRoot, .sandboxed)
struct ExecUserTests {
    private func status(_ container: Container, _ options: [String]) throws -> String {
        try container.output(ofScript: "cat /proc/self/status", options: options)
    }

    // CVE-2026-30892: without a colon, an overflow check once left the user root.
    @Test(arguments: [
        ("1", 1, 1001), ("1000", 1000, 1001), ("0", 0, 1001), ("1:2", 1, 2), ("0:0", 0, 0), ("4294967294", 4_294_967_294, 1001),
        ("4294967294:4294967294", 4_294_967_294, 4_294_967_294), ("01", 1, 1001), ("1:02", 1, 2),
    ])
    func userIsTheOneGiven(text: String, uid: Int, gid: Int) throws {
        let container = try resting { $0.process.user = ["uid": 1000, "gid": 1001] }
        let seen = try status(container, ["--user", text])
        #expect(field("Uid", of: seen)?.words == Array(repeating: "\(uid)", count: 4))
        #expect(field("Gid", of: seen)?.words == Array(repeating: "\(gid)", count: 4))
    }

    // CVE-2016-3697, CVE-2026-46680, CVE-2024-40635: text that isn't a number must not be taken for a name, and nothing falls
    // back to root.
    @Test func whatIsNoNumberIsRefusedWhateverTheImageCallsIt() throws {
        let wrong = [
            " ", "0x0", "0X1", "+1", "-1", "-0", " 1", "1 ", "1\n", "\n1", "1\t", "1.0", "1e3", "1_000", "1,000", "4294967295",
            "4294967296", "18446744073709551616", "18446744073709551615", "9223372036854775808", "-4294967295", "1:", ":1", ":",
            "1:1:1", "1::1", "1:x", "x:1", "x", "root", "root:root", "nobody", "1:root", "1:-1", "1:4294967295", "1:4294967296",
            "1: 1", "1:1 ", "0b1", "0o7", "1 0", "NaN", "null", "~", "*", "$UID", "٣", "１", "²", "1\u{301}", "\u{200b}1", "1/0",
            "1;0", "1#", "@1", "%d", "0\u{0}1",
        ]
        let container = try resting { $0.process.user = ["uid": 1000, "gid": 1001] }
        let accounts = wrong.map { "\($0):x:0:0::/root:/bin/sh\n" }.joined()
        try write(accounts, to: container.bundle.rootfs + "/etc/passwd")
        try write(wrong.map { "\($0):x:0:\n" }.joined(), to: container.bundle.rootfs + "/etc/group")
        // An argument ends at its first NUL.
        for text in wrong where !text.contains("\u{0}") {
            let finished = try container.exec("id", "-u", options: ["--user", text])
            #expect(finished.ending == .exited(255), "\"\(text)\": \(finished)")
            #expect(finished.output.isEmpty, "\"\(text)\": \(finished)")
        }
    }

    @Test(arguments: ["x", "-1", "4294967295", "", "1,2", "0x1"]) func badAdditionalGroupIsRefused(text: String) throws {
        #expect(try resting().refusalOfExec("true", options: ["--additional-gids", text]).says("additional-gids"))
    }

    @Test func badUserIsNamed() throws {
        #expect(try resting().refusalOfExec("true", options: ["--user", "somebody"]).says("--user: \"somebody\" is no id"))
    }

    // Root without capabilities may not search this directory.
    @Test(arguments: [["/home/user/bin/id", "-u"], ["id", "-u"], ["./id", "-u"]])
    func programMayLieWhereOnlyItsUserMayLook(arguments: [String]) throws {
        let container = try resting {
            $0.process.capabilities = .capabilities([])
            $0.process.env = ["PATH=/home/user/bin:/bin"]
        }
        let directory = container.bundle.rootfs + "/home/user/bin"
        try makeDirectory(directory)
        try makeLink(directory + "/id", to: "/bin/busybox")
        chown(container.bundle.rootfs + "/home/user", 1000, 1000)
        chmod(container.bundle.rootfs + "/home/user", 0o700)
        let options = ["--user", "1000:1000", "--cwd", arguments[0].hasPrefix(".") ? "/home/user/bin" : "/"]
        let finished = try container.joining(arguments, options: options).run()
        #expect(finished.output == "1000\n", "\(finished)")
    }

    // This path works only inside the container's pid namespace, where the process may no longer search every directory.
    @Test func programMayLieThereByAWayThroughProc() throws {
        let container = try resting { $0.process.capabilities = .capabilities([]) }
        let directory = container.bundle.rootfs + "/home/user"
        try makeDirectory(directory)
        try makeLink(directory + "/id", to: "/bin/busybox")
        chown(directory, 1000, 1000)
        chmod(directory, 0o700)
        let finished = try container.exec("/proc/self/root/home/user/id", "-u", options: ["--user", "1000:1000"])
        #expect(finished.output == "1000\n", "\(finished)")
        let refused = try container.exec("/proc/self/root/home/user/id", options: ["--user", "1001:1001"])
        #expect(refused.message.says("exec: \"/proc/self/root/home/user/id\": permission denied"), "\(refused)")
    }

    @Test func homeIsReadFromAFileThatOnlyItsOwnerMayRead() throws {
        let container = try resting {
            $0.process.capabilities = .capabilities([])
            $0.process.env = ["PATH=/bin"]
        }
        let accounts = container.bundle.rootfs + "/etc/passwd"
        try write("other:x:7:7::/home/other:/bin/sh\n", to: accounts, mode: 0o600)
        chown(accounts, 1000, 1000)
        #expect(try container.output(ofScript: "echo $HOME", options: ["--user", "7"]) == "/home/other\n")
    }

    @Test func homeIsThatOfTheUser() throws {
        let container = try resting { $0.process.env = ["PATH=/bin"] }
        try write("root:x:0:0::/root:/bin/sh\nother:x:7:7::/home/other:/bin/sh\n", to: container.bundle.rootfs + "/etc/passwd")
        #expect(try container.output(ofScript: "echo $HOME") == "/root\n")
        #expect(try container.output(ofScript: "echo $HOME", options: ["--user", "7"]) == "/home/other\n")
        #expect(try container.output(ofScript: "echo $HOME", options: ["--user", "8"]) == "/\n")
    }

    private static let five: JSON = [
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"],
        "permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
        "inheritable": ["CAP_KILL", "CAP_NET_RAW"], "effective": ["CAP_CHOWN"], "ambient": ["CAP_NET_RAW"],
    ]

    private func bits(_ numbers: Int...) -> UInt64 { numbers.reduce(0) { $0 | 1 << UInt64($1) } }

    @Test(arguments: [0, 1000]) func capabilitiesAreThoseOfTheContainersProcess(uid: Int) throws {
        let container = try resting {
            $0.process.user.uid = .number(uid)
            $0.process.capabilities = Self.five
        }
        let first = try CapabilityTests.Sets(read("/proc/\(container.pid)/status"))
        #expect(try CapabilityTests.Sets(status(container, [])) == first)
        #expect(first.bounding == bits(0, 5, 7, 13))
        #expect(first.ambient == bits(13))
    }

    // CVE-2022-29162: an inheritable capability takes effect with every file that has it in its inheritable set.
    @Test(arguments: [0, 1000]) func addedCapabilityIsNeitherInheritableNorAmbient(uid: Int) throws {
        let container = try resting {
            $0.process.user.uid = .number(uid)
            $0.process.capabilities = .capabilities(["CAP_KILL"])
        }
        let seen = try CapabilityTests.Sets(status(container, ["--cap", "CAP_NET_RAW", "-c", "CAP_CHOWN"]))
        #expect(seen.bounding == bits(0, 5, 13))
        #expect(seen.inheritable == 0)
        #expect(seen.ambient == 0)
        // A user other than root loses the capabilities in execve.
        #expect(seen.effective == (uid == 0 ? bits(0, 5, 13) : 0))
        #expect(seen.permitted == seen.effective)
        // The container's own process keeps its capabilities.
        #expect(try CapabilityTests.Sets(read("/proc/\(container.pid)/status")).bounding == bits(5))
    }

    @Test func addedCapabilityOfAnInheritableFileIsNoGain() throws {
        let container = try resting {
            $0.process.user.uid = 1000
            $0.process.capabilities = .null
            $0.process.noNewPrivileges = false
        }
        try makeDirectory(container.bundle.rootfs + "/opt")
        let path = container.bundle.rootfs + "/opt/busybox"
        try write(readBytes(Workspace.busybox), to: path, mode: 0o755)
        // vfs_cap_data, version 2: effective bit, permitted and inheritable sets.
        let data: [UInt32] = [0x0200_0001, 0, 1 << 13, 0, 0]
        #expect(data.withUnsafeBytes { setxattr(path, "security.capability", $0.baseAddress, 20, 0) } == 0)
        let finished = try container.exec("/opt/busybox", "cat", "/proc/self/status", options: ["--cap", "CAP_NET_RAW"])
        #expect(finished.succeeded, "\(finished)")
        #expect(try CapabilityTests.Sets(finished.output).permitted == 0)
    }

    // As with runc, `--cap` asks for the ambient set too, which takes only what the config makes inheritable.
    @Test func addedCapabilityThatIsInheritableIsAmbient() throws {
        let container = try resting {
            $0.process.user.uid = 1000
            $0.process.capabilities = ["bounding": ["CAP_KILL", "CAP_NET_RAW"], "inheritable": ["CAP_NET_RAW", "CAP_KILL"]]
        }
        let finished = try container.exec(
            "cat", "/proc/self/status", options: ["--cap", "CAP_NET_RAW", "--cap", "CAP_NET_ADMIN"])
        let seen = try CapabilityTests.Sets(finished.output)
        #expect(seen.ambient == 1 << 13 && seen.permitted == 1 << 13 && seen.inheritable == 1 << 13 | 1 << 5, "\(finished)")
    }

    @Test func unknownCapabilityIsAWarning() throws {
        let container = try resting()
        let log = container.bundle.path + "/log"
        let finished = try container.joining(["echo", "ran"], options: ["--cap", "CAP_SAUSAGE"], global: ["--log", log]).run()
        #expect(finished.output == "ran\n", "\(finished)")
        #expect(read(log).says("CAP_SAUSAGE"))
    }

    @Test(arguments: [0, 1000]) func processWithoutCapabilitiesHasNone(uid: Int) throws {
        var process = JSON.process(["cat", "/proc/self/status"])
        process.user.uid = .number(uid)
        let finished = try resting().exec(process: process)
        let seen = try CapabilityTests.Sets(finished.output)
        #expect(seen.bounding == 0 && seen.permitted == 0 && seen.inheritable == 0 && seen.ambient == 0, "\(finished)")
    }

    @Test func idsAreThoseOfTheUserNamespace() throws {
        let container = try resting { $0.mapUsers() }
        let path = container.bundle.path + "/exec.pid"
        let finished = try container.exec(
            "sleep", "1000", options: ["--detach", "--user", "7:8", "--additional-gids", "9", "--pid-file", path])
        #expect(finished.succeeded, "\(finished)")
        let pid = try #require(pid_t(read(path)))
        container.bundle.sandbox.willEnd(pid)
        let outside = read("/proc/\(pid)/status")
        #expect(field("Uid", of: outside)?.words.first == "100007")
        #expect(field("Gid", of: outside)?.words.first == "100008")
        #expect(field("Groups", of: outside) == "100009")
        #expect(linkTarget("/proc/\(pid)/ns/user") == linkTarget("/proc/\(container.pid)/ns/user"))
    }

    @Test func userWithoutAMappingIsRefused() throws {
        let container = try resting { $0.mapUsers() }
        #expect(try container.refusalOfExec("true", options: ["--user", "70000"]).points(to: "/process/user"))
    }

    // cwd is entered with the runtime's rights or, if they don't suffice, with the user's.
    @Test(arguments: [0, 1000]) func workingDirectoryMayBeClosedToOneOfRootAndTheUser(owner: UInt32) throws {
        let container = try resting()
        try makeDirectory(container.bundle.rootfs + "/closed", mode: 0o700)
        #expect(chown(container.bundle.rootfs + "/closed", owner, owner) == 0)
        let finished = try container.exec("pwd", options: ["--cwd", "/closed", "--user", "1000:1000"])
        #expect(finished.output == "/closed\n", "\(finished)")
    }
}
