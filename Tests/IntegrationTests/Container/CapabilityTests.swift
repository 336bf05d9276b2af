import CHarness
import Testing

@Suite("capabilities", .needsRoot, .sandboxed)
struct CapabilityTests {
    static let numbers = ["CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_SETUID": 7, "CAP_NET_RAW": 13]

    /// The five capability sets in /proc/PID/status.
    struct Sets: Equatable {
        var inheritable, permitted, effective, bounding, ambient: UInt64

        init(_ status: String) throws {
            func set(_ name: String) throws -> UInt64 {
                let line = status.lines.first { $0.hasPrefix(name + ":") } ?? ""
                guard let set = UInt64(line.dropFirst(7).trimmed, radix: 16) else {
                    throw HarnessFailure("no \(name): \(status)")
                }
                return set
            }
            inheritable = try set("CapInh")
            permitted = try set("CapPrm")
            effective = try set("CapEff")
            bounding = try set("CapBnd")
            ambient = try set("CapAmb")
        }
    }

    private func bits(_ names: [String]) -> UInt64 { names.reduce(0) { $0 | 1 << UInt64(Self.numbers[$1] ?? 63) } }

    private static let bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"]
    private static let permitted = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"]
    private static let inheritable = ["CAP_KILL", "CAP_NET_RAW"]
    private static let five: JSON = [
        "bounding": JSON(bounding), "permitted": JSON(permitted), "inheritable": JSON(inheritable), "effective": ["CAP_CHOWN"],
        "ambient": ["CAP_NET_RAW"],
    ]

    private func sets(uid: Int, _ capabilities: JSON, noNewPrivileges: Bool = true) throws -> Sets {
        try Sets(
            output(of: "cat", "/proc/self/status") {
                $0.process.user.uid = .number(uid)
                $0.process.capabilities = capabilities
                $0.process.noNewPrivileges = .bool(noNewPrivileges)
            })
    }

    @Test func rootHasWhatIsPermitted() throws {
        let seen = try sets(uid: 0, Self.five)
        #expect(seen.bounding == bits(Self.bounding))
        #expect(seen.inheritable == bits(Self.inheritable))
        // execve would give root the whole bounding set, but with no_new_privs nothing beyond the permitted set.
        #expect(seen.permitted == bits(Self.permitted))
        #expect(seen.ambient == bits(["CAP_NET_RAW"]))
    }

    @Test func othersKeepTheAmbientOnes() throws {
        let seen = try sets(uid: 1000, Self.five)
        #expect(seen.bounding == bits(Self.bounding))
        #expect(seen.inheritable == bits(Self.inheritable))
        #expect(seen.permitted == bits(["CAP_NET_RAW"]))
        #expect(seen.effective == bits(["CAP_NET_RAW"]))
        #expect(seen.ambient == bits(["CAP_NET_RAW"]))
    }

    @Test(arguments: [0, 1000], [true, false]) func withoutTheObjectThereAreNone(uid: Int, noNewPrivileges: Bool) throws {
        let seen = try sets(uid: uid, .null, noNewPrivileges: noNewPrivileges)
        #expect(seen.bounding == 0)
        #expect(seen.permitted == 0)
        #expect(seen.inheritable == 0)
        #expect(seen.ambient == 0)
    }

    @Test(arguments: [0, 1000]) func nothingIsInheritableOrAmbientUnasked(uid: Int) throws {
        let seen = try sets(uid: uid, .capabilities(Self.bounding))
        #expect(seen.inheritable == 0)
        #expect(seen.ambient == 0)
        #expect(seen.permitted == (uid == 0 ? bits(Self.bounding) : 0))
    }

    @Test func unknownNameIsAWarning() throws {
        let bundle = try Bundle {
            $0.process.capabilities = .capabilities(["CAP_KILL", "CAP_TEST"])
            $0.runs(arguments: ["cat", "/proc/self/status"])
        }
        let (finished, log) = try bundle.runLogged()
        #expect(finished.succeeded, "\(finished)")
        #expect(try Sets(finished.output).permitted == bits(["CAP_KILL"]))
        #expect(log.says("CAP_TEST"))
    }

    @Test(.enabled(if: !Host.has(capability: 24), "needs a capability that root lacks"))
    func oneThatCannotBeGrantedIsAWarning() throws {
        let bundle = try Bundle {
            $0.process.capabilities = .capabilities(["CAP_KILL", "CAP_SYS_RESOURCE"])
            $0.runs(arguments: ["cat", "/proc/self/status"])
        }
        let (finished, log) = try bundle.runLogged()
        #expect(finished.succeeded, "\(finished)")
        #expect(try Sets(finished.output).permitted == bits(["CAP_KILL"]))
        #expect(log.says("CAP_SYS_RESOURCE"))
    }

    // The kernel takes an effective capability only if it's permitted, and an ambient one only if it's also inheritable.
    @Test func oneThatAnotherSetRulesOutIsAWarning() throws {
        let bundle = try Bundle {
            $0.process.capabilities = [
                "bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN", "CAP_KILL"],
                "ambient": ["CAP_CHOWN"],
            ]
            $0.runs(arguments: ["cat", "/proc/self/status"])
        }
        let (finished, log) = try bundle.runLogged()
        let seen = try Sets(finished.output)
        #expect(seen.permitted == bits(["CAP_CHOWN"]) && seen.ambient == 0)
        #expect(log.says("effective: CAP_KILL can't be granted"), "\(finished)")
        #expect(log.says("ambient: CAP_CHOWN can't be granted"), "\(finished)")
    }

    // vfs_cap_data, version 2: effective bit, permitted and inheritable sets.
    private func give(_ path: String, permitted: UInt32 = 0, inheritable: UInt32 = 0) {
        let data: [UInt32] = [0x0200_0001, permitted, inheritable, 0, 0]
        #expect(data.withUnsafeBytes { setxattr(path, "security.capability", $0.baseAddress, 20, 0) } == 0)
    }

    private func bundle(noNewPrivileges: Bool) throws -> Bundle {
        let bundle = try Bundle {
            $0.process.user.uid = 1000
            // Only a capability that the process doesn't have already shows that the file gave it.
            $0.process.capabilities = ["bounding": JSON(Self.bounding)]
            $0.process.noNewPrivileges = .bool(noNewPrivileges)
            $0.runs(arguments: ["/opt/busybox", "cat", "/proc/self/status"])
        }
        try makeDirectory(bundle.rootfs + "/opt")
        try write(readBytes(Workspace.busybox), to: bundle.rootfs + "/opt/busybox", mode: 0o755)
        return bundle
    }

    @Test func inheritableFileCapabilitiesGainNothing() throws {
        let bundle = try bundle(noNewPrivileges: false)
        give(bundle.rootfs + "/opt/busybox", inheritable: 1 << 13)
        #expect(try Sets(bundle.output()).permitted == 0)
    }

    @Test(arguments: [true, false]) func fileCapabilitiesCountUnlessPrivilegesMayNotBeGained(noNewPrivileges: Bool) throws {
        let bundle = try bundle(noNewPrivileges: noNewPrivileges)
        // A capability from the bounding set: with any other, execve would fail.
        give(bundle.rootfs + "/opt/busybox", permitted: 1 << 13)
        #expect(try Sets(bundle.output()).permitted == (noNewPrivileges ? 0 : bits(["CAP_NET_RAW"])))
    }

    @Test(arguments: [true, false]) func noNewPrivilegesIsWhatTheConfigSays(wanted: Bool) throws {
        let bundle = try Bundle {
            $0.process.user.uid = 1000
            $0.process.noNewPrivileges = .bool(wanted)
            $0.runs("cat /proc/self/status; /bin/setuid attributes")
        }
        try write(readBytes(Workspace.probe), to: bundle.rootfs + "/bin/setuid", mode: 0o4755)
        let seen = try bundle.output()
        #expect(seen.contains("NoNewPrivs:\t\(wanted ? 1 : 0)\n"))
        #expect(seen.contains("euid=\(wanted ? 1000 : 0)\n"))
    }
}
