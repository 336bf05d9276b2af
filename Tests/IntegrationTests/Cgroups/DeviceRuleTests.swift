import CHarness
import Testing

/// /dev/kmsg stands for any device that containers don't get by default. The tests only open it.
@Suite("device rules", .needsRoot, .sandboxed)
struct DeviceRuleTests {
    private static let denyAll: JSON = ["allow": false, "access": "rwm"]

    private func allow(_ access: String, type: String? = "c", major: Int? = 1, minor: Int? = 11, _ allowed: Bool = true) -> JSON {
        var rule: JSON = ["allow": .bool(allowed), "access": .string(access)]
        rule.type = type.map(JSON.string) ?? .null
        rule.major = major.map(JSON.number) ?? .null
        rule.minor = minor.map(JSON.number) ?? .null
        return rule
    }

    /// Whether /dev/kmsg can be opened for reading, writing, and both, under these rules.
    private func access(_ rules: JSON...) throws -> [Bool] {
        let seen = try output(ofScript: "for mode in r w rw; do probe open $mode /dev/kmsg; done") {
            $0.linux.resources = ["devices": .array(rules)]
            $0.linux.devices = [["type": "c", "path": "/dev/kmsg", "major": 1, "minor": 11, "fileMode": 0o666]]
            $0.process.capabilities = .capabilities(["CAP_SYSLOG"])
        }
        return seen.lines.map { $0 == "/dev/kmsg: 0" }
    }

    @Test func whatNoRuleAllowsIsDenied() throws {
        #expect(try access(Self.denyAll) == [false, false, false])
        #expect(try access() == [false, false, false])
    }

    @Test(arguments: [
        ("r", [true, false, false]), ("w", [false, true, false]), ("rw", [true, true, true]), ("rwm", [true, true, true]),
        ("m", [false, false, false]),
    ])
    func accessIsWhatTheRuleSays(access wanted: String, seen: [Bool]) throws {
        #expect(try access(Self.denyAll, allow(wanted)) == seen)
    }

    @Test func numbersThatAreMissingMeanAll() throws {
        #expect(try access(Self.denyAll, allow("rw", minor: nil)) == [true, true, true])
        #expect(try access(Self.denyAll, allow("rw", major: nil, minor: nil)) == [true, true, true])
        #expect(try access(Self.denyAll, allow("rwm", type: "a", major: nil, minor: nil)) == [true, true, true])
        #expect(try access(Self.denyAll, allow("rwm", type: nil, major: nil, minor: nil)) == [true, true, true])
    }

    @Test func otherDevicesStayDenied() throws {
        #expect(try access(Self.denyAll, allow("rw", minor: 12)) == [false, false, false])
        #expect(try access(Self.denyAll, allow("rw", major: 2)) == [false, false, false])
        #expect(try access(Self.denyAll, allow("rw", type: "b")) == [false, false, false])
    }

    @Test func rulesCountInTheListedOrder() throws {
        #expect(try access(Self.denyAll, allow("rw"), allow("rw", false)) == [false, false, false])
        #expect(try access(Self.denyAll, allow("rw", false), allow("rw")) == [true, true, true])
        #expect(try access(allow("rw"), Self.denyAll) == [false, false, false])
    }

    // v1 can't deny one device of a range that is allowed.
    @Test(.needsUnifiedCgroups) func oneDeviceOfARangeMayBeDenied() throws {
        #expect(try access(Self.denyAll, allow("rw", minor: nil), allow("w", false)) == [true, false, false])
    }

    @Test func defaultDevicesAreAlwaysAllowed() throws {
        let seen = try output(ofScript: "probe open rw /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/ptmx") {
            $0.linux.resources = ["devices": [Self.denyAll]]
        }
        #expect(seen.lines.allSatisfy { $0.hasSuffix(": 0") }, "\(seen)")
    }

    private func opened(_ minors: [(String, Int, Int)], _ rules: [JSON]) throws -> [String] {
        let script =
            minors.map { "mknod /tmp/\($0.0) c \($0.1) \($0.2) || :" }.joined(separator: "; ")
            + "; probe open rw " + minors.map { "/tmp/\($0.0)" }.joined(separator: " ")
        return try output(ofScript: script) {
            $0.linux.resources = ["devices": .array(rules)]
            $0.process.capabilities = .capabilities(["CAP_MKNOD"])
        }.lines
    }

    // In a container without a terminal, 5:1 is the host's console. With a terminal, /dev/console is a pseudoterminal (major
    // 136).
    @Test func consoleOfTheHostNeedsARule() throws {
        #expect(try opened([("console", 5, 1)], [Self.denyAll]) == ["/tmp/console: \(EPERM)"])
        #expect(try opened([("console", 5, 1)], []) == ["/tmp/console: \(EPERM)"])
        #expect(try opened([("console", 5, 1)], [Self.denyAll, allow("rwm", major: 5, minor: 1)]) != ["/tmp/console: \(EPERM)"])
    }

    // VPN clients in containers rely on /dev/net/tun, as they do on /dev/null.
    @Test func tunDeviceNeedsNoRule() throws {
        let seen = try opened([("tun", 10, 200)], [Self.denyAll])
        #expect(seen.count == 1 && seen != ["/tmp/tun: \(EPERM)"], "\(seen)")
    }

    @Test func ruleThatNamesADefaultDeviceWins() throws {
        for rules in [
            [Self.denyAll, allow("rwm", minor: 7, false)], [allow("rwm", minor: 7, false), Self.denyAll],
            [["allow": true, "access": "rwm"], allow("rwm", minor: 7, false)],
        ] {
            let seen = try output(ofScript: "probe open r /dev/full /dev/zero; probe open w /dev/full /dev/null") {
                $0.linux.resources = ["devices": .array(rules)]
            }
            #expect(
                seen.lines == ["/dev/full: \(EPERM)", "/dev/zero: 0", "/dev/full: \(EPERM)", "/dev/null: 0"], "\(rules): \(seen)")
        }
        #expect(
            try opened([("tun", 10, 200)], [Self.denyAll, allow("rwm", major: 10, minor: 200, false)]) == ["/tmp/tun: \(EPERM)"])
    }

    @Test func devicesOfTheConfigNeedARuleOfTheirOwn() throws {
        #expect(try access(Self.denyAll) == [false, false, false])
    }

    @Test(
        arguments: [
            ("/linux/resources/devices/0/type", ["allow": true, "type": "x", "access": "r"]),
            ("/linux/resources/devices/0/access", ["allow": true, "type": "c", "access": "rx"]),
            ("/linux/resources/devices/0", ["type": "c", "access": "r"]),
            ("/linux/resources/devices/0/major", ["allow": true, "type": "c", "major": "1", "access": "r"]),
        ] as [(String, JSON)])
    func wrongRuleIsRefused(pointer: String, rule: JSON) throws {
        #expect(try refusal { $0.linux.resources = ["devices": [rule]] }.points(to: pointer))
    }
}
