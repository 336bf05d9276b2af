import Bytes
import Errors
@testable import OCI
import Testing

@testable import Cgroups

@Suite struct DeviceTests {
    private func rules(_ json: String) throws -> DeviceRules {
        DeviceRules.complete(try Resources("{\"devices\":[" + json + "]}").devices)
    }

    private func lines(_ json: String) throws -> [String] {
        try DeviceLine.lines(for: rules(json), .plain).map { ($0.allow ? "+" : "-") + $0.text.displayText }
    }

    private let docker = """
        {"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"},
        {"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":9,"access":"rwm"},
        {"allow":true,"type":"c","major":1,"minor":8,"access":"rwm"},{"allow":true,"type":"c","major":5,"minor":0,"access":"rwm"},
        {"allow":true,"type":"c","major":5,"minor":1,"access":"rwm"},{"allow":false,"type":"c","major":10,"minor":229,"access":"rwm"}
        """

    @Test func writesDockersRulesFirstAndInOrder() throws {
        // The kernel's list can't take mknod of one device out of mknod of all devices. But Docker's last rule comes before
        // mknod of all, when there is nothing to take away.
        #expect(
            try lines(docker) == [
                "-a", "+c 1:5 rwm", "+c 1:3 rwm", "+c 1:9 rwm", "+c 1:8 rwm", "+c 5:0 rwm", "+c 5:1 rwm", "+c *:* m", "+b *:* m",
                "+c 1:7 rwm", "+c 5:2 rwm", "+c 10:200 rwm", "+c 136:* rwm",
            ])
    }

    @Test func deniesAllButTheDefaultsWhereNothingIsListed() throws {
        #expect(try lines("").first == "-a")
        let program = try DeviceProgram.instructions(for: rules(""))
        for (kind, major, minor, access, allowed) in [
            (.character, 1, 3, .all, true), (.character, 1, 5, .all, true), (.character, 1, 7, .all, true),
            (.character, 1, 8, .all, true), (.character, 1, 9, .all, true), (.character, 5, 0, .all, true),
            // The host's console, which containers don't get, and /dev/net/tun.
            (.character, 5, 1, .read, false), (.character, 5, 1, .write, false), (.character, 10, 200, .all, true),
            (.character, 5, 2, .all, true), (.character, 136, 7, .all, true),
            (.character, 1, 1, .read, false), (.character, 1, 2, .write, false), (.character, 1, 11, .read, false),
            (.character, 10, 229, .read, false), (.block, 10, 200, [.read, .write], false),
            (.character, 137, 0, .read, false),
            (.character, 226, 0, .mknod, true), (.block, 8, 0, .read, false), (.block, 8, 0, .mknod, true),
            (.block, 1, 3, .read, false), (.block, 7, 0, [.mknod, .read], false),
            (.character, 0x8000_0001, 3, .read, false), (.character, 5, .max, .write, false),
        ] as [(DeviceRule.Kind, UInt32, UInt32, DeviceAccess, Bool)] {
            let request = DeviceRequest(kind: kind, major: major, minor: minor, access: access)
            #expect(verdict(of: program, on: request) == (allowed ? 1 : 0), "\(request)")
        }
    }

    /// What both versions allow of reading, writing and making a node, as "rwm". nil for v1 if its list can't express the
    /// rules.
    private func answers(_ list: String, _ major: UInt32, _ minor: UInt32) throws -> (v1: String?, v2: String) {
        let rules = try rules(list)
        let program = DeviceProgram.instructions(for: rules)
        let accesses: [(DeviceAccess, String)] = [(.read, "r"), (.write, "w"), (.mknod, "m")]
        let v2 = accesses.filter {
            verdict(of: program, on: DeviceRequest(kind: .character, major: major, minor: minor, access: $0.0)) == 1
        }
        var kernel = KernelDeviceList()
        do throws(RuntimeError) {
            for line in try DeviceLine.lines(for: rules, .plain) { kernel.write(line) }
        } catch {
            return (nil, v2.map { $0.1 }.joined())
        }
        let v1 = accesses.filter { kernel.allows(.character, major, minor, $0.1.utf8.first ?? 0) }
        return (v1.map { $0.1 }.joined(), v2.map { $0.1 }.joined())
    }

    private static let no3 = #"{"allow":false,"type":"c","major":1,"minor":3,"access":"rwm"}"#
    private static let noReading3 = #"{"allow":false,"type":"c","major":1,"minor":3,"access":"r"}"#
    private static let yes3 = #"{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}"#
    private static let noMajor = #"{"allow":false,"major":1,"access":"rw"}"#
    private static let nothing = #"{"allow":false,"access":"rwm"}"#
    private static let noCharacters = #"{"allow":false,"type":"c","access":"rw"}"#
    private static let everything = #"{"allow":true,"access":"rwm"}"#

    // Making a node opens nothing, so it's allowed, unless a rule first allows everything and a later one takes this away.
    @Test(arguments: [
        ([no3], "m"), ([nothing, no3], "m"), ([no3, nothing], "m"), ([noReading3], "wm"), ([noMajor], "m"),
        ([nothing], "rwm"), ([noCharacters], "rwm"), ([no3, yes3], "rwm"), ([yes3, no3], "m"), ([no3, yes3, nothing], "rwm"),
        ([everything, no3], ""), ([no3, everything], "rwm"), ([everything, noReading3], "wm"), ([everything, nothing], "rwm"),
        ([everything, noMajor], "m"), ([everything, no3, yes3], "rwm"),
    ])
    func letsARuleThatNamesADeviceWinOverTheBuiltInOnes(list: [String], allowed: String) throws {
        let answers = try answers(list.joined(separator: ","), 1, 3)
        #expect(answers.v2 == allowed)
        #expect(answers.v1 == allowed)
        // A device that no rule names has the access that every container has.
        let others = try self.answers(list.joined(separator: ","), 10, 200)
        #expect(others.v2 == "rwm" && others.v1 == "rwm")
    }

    @Test func takesOneTerminalFromAllOfThem() throws {
        let list = #"{"allow":false,"type":"c","major":136,"minor":5,"access":"rw"}"#
        #expect(try answers(list, 136, 5).v2 == "m")
        #expect(try answers(list, 136, 6).v2 == "rwm")
        // v1 can't express this, so it's refused and not ignored.
        let error = try #require(throws: RuntimeError.self) { try lines(list) }
        #expect(error.pointer == "/linux/resources/devices/0")
        #expect(error.sentence == "cgroup v1 can't take a part out of an earlier, broader device rule")
        let minor = #"{"allow":false,"type":"c","minor":5,"access":"rw"}"#
        #expect(try answers(minor, 136, 5).v1 == nil && answers(minor, 136, 5).v2 == "m")
        #expect(try answers(minor, 1, 5).v1 == nil && answers(minor, 1, 5).v2 == "m")
        #expect(try answers(Self.everything + "," + list, 136, 5).v1 == "m")
        #expect(try answers(Self.everything + "," + list, 136, 6).v1 == "rwm")
    }

    @Test func letsPrivilegedContainersHaveAll() throws {
        #expect(try lines(#"{"allow":true,"access":"rwm"}"#) == ["+a"])
        let program = try DeviceProgram.instructions(for: rules(#"{"allow":true,"access":"rwm"}"#))
        #expect(verdict(of: program, on: DeviceRequest(kind: .block, major: 8, minor: 0, access: .all)) == 1)
    }

    @Test func doesNotTakeAPartOfAllForAll() throws {
        // The kernel reads "a" and ignores what follows.
        #expect(try lines(#"{"allow":true,"type":"a","access":"r"}"#).prefix(3) == ["-a", "+b *:* r", "+c *:* r"])
        #expect(
            try lines(#"{"allow":true,"type":"a","major":7,"access":"rwm"}"#).prefix(3) == ["-a", "+b 7:* rwm", "+c 7:* rwm"])
    }

    @Test func takesNarrowerRulesAwayOneByOne() throws {
        let list = #"""
            {"allow":true,"type":"c","major":10,"minor":1,"access":"rw"},{"allow":true,"type":"c","major":10,"minor":2,"access":"r"},
            {"allow":false,"type":"c","major":10,"access":"r"}
            """#
        #expect(try lines(list).prefix(5) == ["-a", "+c 10:1 rw", "+c 10:2 r", "-c 10:1 r", "-c 10:2 r"])
    }

    @Test func refusesWhatTheKernelsListCanNotSay() throws {
        let list = #"""
            {"allow":true,"type":"c","major":10,"access":"rw"},{"allow":false,"type":"c","major":10,"minor":229,"access":"r"}
            """#
        let error = try #require(throws: RuntimeError.self) { try lines(list) }
        #expect(error.pointer == "/linux/resources/devices/1")
        // v2's program can express it.
        let program = try DeviceProgram.instructions(for: rules(list))
        #expect(verdict(of: program, on: DeviceRequest(kind: .character, major: 10, minor: 229, access: .read)) == 0)
        #expect(verdict(of: program, on: DeviceRequest(kind: .character, major: 10, minor: 229, access: .write)) == 1)
    }

    /// Random lists of few numbers, so that rules often overlap.
    @Test func agreesWithThePlainMeaningOfEveryList() throws {
        var chance = Chance(state: 20_261_121)
        var refused = 0
        for _ in 0..<3000 {
            let listed = (0..<chance.below(7)).map { _ in chance.rule() }
            let rules = DeviceRules.complete(listed)
            let program = DeviceProgram.instructions(for: rules)
            var kernel: KernelDeviceList? = KernelDeviceList()
            do throws(RuntimeError) {
                for line in try DeviceLine.lines(for: rules, .plain) { kernel?.write(line) }
            } catch {
                kernel = nil
                refused += 1
            }
            for request in Self.requests {
                let expected = isAllowed(request, by: rules)
                #expect(verdict(of: program, on: request) == (expected ? 1 : 0), "\(request) of \(listed)")
                guard let kernel, let letter = request.letter else { continue }
                #expect(kernel.allows(request.kind, request.major, request.minor, letter) == expected, "\(request) of \(listed)")
            }
        }
        // The lists must neither all be accepted nor nearly all be refused.
        #expect((1..<2500).contains(refused))
    }

    private static let requests: [DeviceRequest] = [DeviceRule.Kind.block, .character].flatMap { kind in
        [(1, 3), (1, 4), (2, 3), (2, 4), (136, 0)].flatMap { major, minor in
            (UInt32(1)...7).map { DeviceRequest(kind: kind, major: major, minor: minor, access: DeviceAccess(rawValue: $0)) }
        }
    }
}

extension PlanContext {
    fileprivate static var plain: PlanContext { PlanContext(base: "/linux/resources", locations: .legacy, access: .required) }
}

extension DeviceRequest {
    /// The letter, if this is one kind of access alone.
    fileprivate var letter: UInt8? {
        switch access {
        case .read: UInt8(ascii: "r")
        case .write: UInt8(ascii: "w")
        case .mknod: UInt8(ascii: "m")
        default: nil
        }
    }
}

/// xorshift64*, with the same numbers in every run.
private struct Chance {
    var state: UInt64

    mutating func below(_ bound: UInt64) -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return (state &* 0x2545_F491_4F6C_DD1D) >> 33 % bound
    }

    mutating func rule() -> Resources.DeviceRule {
        let access = 1 + below(7)
        let kinds: [Resources.DeviceRule.Kind] = [.all, .character, .block]
        return Resources.DeviceRule(
            allow: below(2) == 0, kind: kinds[Int(below(3))], major: below(3) == 0 ? nil : UInt32(1 + below(2)),
            minor: below(2) == 0 ? nil : UInt32(3 + below(2)), read: access & 1 != 0, write: access & 2 != 0,
            mknod: access & 4 != 0)
    }
}
