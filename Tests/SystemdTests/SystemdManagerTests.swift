import Bytes
import Errors
import Linux
import Testing

@testable import Systemd

@Suite struct SystemdManagerTests {
    private func manager(_ fake: FakeBus, _ kind: BusAddress.Kind = .bus) throws -> SystemdManager {
        SystemdManager(try Bus(try fake.connection(), kind: kind, user: 0, until: .ample))
    }

    private static let properties = [UnitProperty("Delegate", .boolean(true)), UnitProperty("PIDs", .uint32s([42]))]

    /// Starts a.scope and waits for it, on a bus that does what the script says.
    private func start(
        on kind: BusAddress.Kind = .bus, waiting deadline: Deadline = .ample,
        _ script: @escaping @Sendable (FakeBus) -> Void
    ) throws {
        let fake = try FakeBus(script)
        let manager = try manager(fake, kind)
        defer { #expect(fake.end() == nil) }
        let job = try manager.startTransientUnit(
            name: "a.scope", properties: Self.properties, until: .ample)
        try manager.wait(for: job, until: deadline)
    }

    private func failure(_ script: @escaping @Sendable (FakeBus) -> Void) throws -> BusError {
        try #require(throws: BusError.self) { try start(script) }
    }

    @Test func unitIsStartedAfterTheBusWasAskedForSignals() throws {
        try start { fake in
            fake.welcome()
            let match = fake.call("AddMatch")
            fake.check(
                match.text
                    == """
                    type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
                    interface='org.freedesktop.systemd1.Manager',member='JobRemoved'
                    """, "the rule is \(match.text?.displayText ?? "")")
            fake.reply(to: match)
            fake.expect(
                wire(
                    """
                    6c 01 00 01 58000000 03000000 b6000000
                    01 01 'o' 00 19000000 '/org/freedesktop/systemd1' 00 000000000000
                    02 01 's' 00 20000000 'org.freedesktop.systemd1.Manager' 00 00000000000000
                    03 01 's' 00 12000000 'StartTransientUnit' 00 0000000000
                    06 01 's' 00 18000000 'org.freedesktop.systemd1' 00 00000000000000
                    08 01 'g' 00 10 'ssa(sv)a(sa(sv))' 00 0000
                    07000000 'a.scope' 00 07000000 'replace' 00
                    30000000 00000000
                    08000000 'Delegate' 00 01 'b' 00 01000000 00000000
                    04000000 'PIDs' 00 02 'au' 00 000000 04000000 2a000000
                    00000000 00000000
                    """), "StartTransientUnit")
            fake.replyJob(9, to: BusMessage(.call, serial: 3))
            fake.jobRemoved(9, "done")
        }
    }

    @Test func systemdItselfNeedsNoMatch() throws {
        try start(on: .systemd) { fake in
            fake.greet()
            fake.replyJob(9, to: fake.call("StartTransientUnit"))
            fake.jobRemoved(9, "done", from: nil)
        }
    }

    /// systemd leaves a message unread that arrives at its own socket together with the authentication.
    @Test func systemdItselfIsAskedOnlyAfterItHasAccepted() throws {
        try start(on: .systemd) { fake in
            fake.expect("\0AUTH EXTERNAL 30\r\nBEGIN\r\n")
            fake.expectSilence()
            fake.send("OK 0123456789abcdef0123456789abcdef\r\n")
            fake.replyJob(9, to: fake.call("StartTransientUnit"))
            fake.jobRemoved(9, "done", from: nil)
        }
    }

    @Test func otherJobsAreNotOurs() throws {
        try start { fake in
            let call = fake.untilStart()
            fake.jobRemoved(7, "failed")
            fake.replyJob(9, to: call)
            fake.jobRemoved(8, "canceled")
            fake.jobRemoved(9, "done")
        }
    }

    @Test func endBeforeTheAnswerCounts() throws {
        try start { fake in
            let call = fake.untilStart()
            fake.jobRemoved(8, "failed")
            fake.jobRemoved(9, "done")
            fake.replyJob(9, to: call)
        }
    }

    @Test(arguments: ["failed", "canceled", "timeout", "dependency", "skipped", "a\nb"])
    func otherResultsAreErrors(result: String) throws {
        let error = try failure { fake in
            fake.replyJob(9, to: fake.untilStart())
            fake.jobRemoved(9, ByteString(result))
        }
        #expect(error.error.code == .cgroup)
        let shown = result == "a\nb" ? "a\\nb" : result
        #expect(error.error.sentence == "systemd couldn't start unit \"a.scope\": the result of its job is \"\(shown)\"")
        #expect(error.error.hint == "\"journalctl -u a.scope\" shows systemd's reasons")
    }

    @Test func existingUnitIsRecognised() throws {
        let error = try failure { fake in
            fake.refuse(fake.untilStart(), "org.freedesktop.systemd1.UnitExists", "Unit a.scope already exists.")
        }
        #expect(error.isUnitExists && !error.isNoSuchUnit)
        #expect(
            error.error.sentence
                == "can't start unit \"a.scope\": D-Bus error org.freedesktop.systemd1.UnitExists: Unit a.scope already exists.")
    }

    @Test func waitEndsAtTheDeadline() throws {
        let error = try #require(throws: BusError.self) {
            try start(waiting: .short) { fake in
                fake.replyJob(9, to: fake.untilStart())
                fake.jobRemoved(8, "done")
            }
        }
        #expect(error.error.code == .timeout)
        #expect(error.error.sentence == "can't start unit \"a.scope\": no answer over D-Bus in time")
    }

    @Test func answerOfAnotherTypeIsAnError() throws {
        let error = try failure { fake in
            fake.reply(to: fake.untilStart(), from: FakeBus.systemd, "s") { $0.add("/a" as ByteString) }
        }
        #expect(error.error.sentence.hasSuffix("the answer over D-Bus is malformed: its values have other types than expected"))
    }

    /// Each user may send signals to us on the system's bus. Neither a forged end nor a malformed one counts.
    @Test func forgedSignalsDoNotCount() throws {
        try start { fake in
            let call = fake.untilStart()
            fake.jobRemoved(9, "failed", from: ":1.66")
            fake.replyJob(9, to: call)
            var malformed = BusMessage(.signal, serial: 5)
            malformed.path = "/org/freedesktop/systemd1"
            malformed.interface = "org.freedesktop.systemd1.Manager"
            malformed.member = "JobRemoved"
            fake.send(malformed, "s") { $0.add("x" as ByteString) }
            fake.reply(to: fake.call("GetNameOwner"), "s") { $0.add(FakeBus.systemd) }
            fake.jobRemoved(9, "done")
        }
    }

    @Test func systemdThatExecutedItselfAgainIsRecognised() throws {
        try start { fake in
            fake.replyJob(9, to: fake.untilStart())
            fake.jobRemoved(9, "done", from: ":1.99")
            fake.reply(to: fake.call("GetNameOwner"), "s") { $0.add(":1.99" as ByteString) }
        }
    }

    @Test func busIsAskedForSignalsOnce() throws {
        let fake = try FakeBus { fake in
            fake.replyJob(1, to: fake.untilStart())
            fake.jobRemoved(1, "done")
            let stop = fake.call("StopUnit")
            fake.check(stop.body == wire("07000000 'a.scope' 00 07000000 'replace' 00"), hex(stop.body))
            fake.check(stop.signature == "ss", "the types of StopUnit")
            fake.jobRemoved(2, "done")
            fake.replyJob(2, to: stop)
        }
        let manager = try manager(fake)
        let start = try manager.startTransientUnit(name: "a.scope", properties: [], until: .ample)
        try manager.wait(for: start, until: .ample)
        let stop = try manager.stopUnit(name: "a.scope", until: .ample)
        try manager.wait(for: stop, until: .ample)
        #expect(fake.end() == nil)
    }

    @Test func failedUnitIsReset() throws {
        let fake = try FakeBus { fake in
            fake.welcome()
            let call = fake.call("ResetFailedUnit")
            fake.check(call.body == wire("07000000 'a.scope' 00") && call.signature == "s", hex(call.body))
            fake.reply(to: call, from: FakeBus.systemd)
            fake.refuse(fake.call("ResetFailedUnit"), "org.freedesktop.systemd1.NoSuchUnit", "Unit a.scope not loaded.")
        }
        let manager = try manager(fake)
        try manager.resetFailedUnit(name: "a.scope", until: .ample)
        let error = try #require(throws: BusError.self) { try manager.resetFailedUnit(name: "a.scope", until: .ample) }
        #expect(error.isNoSuchUnit && !error.isUnitExists)
        #expect(fake.end() == nil)
    }

    @Test func propertiesOfAUnitAreSet() throws {
        let fake = try FakeBus { fake in
            fake.welcome()
            let call = fake.call("SetUnitProperties")
            fake.check(
                call.body
                    == wire(
                        """
                        07000000 'a.scope' 00 01000000 18000000 00000000
                        08000000 'TasksMax' 00 01 't' 00 0700000000000000
                        """), hex(call.body))
            fake.check(call.signature == "sba(sv)", "the types of SetUnitProperties")
            fake.reply(to: call, from: FakeBus.systemd)
        }
        let manager = try manager(fake)
        try manager.setUnitProperties(
            name: "a.scope", runtime: true, [UnitProperty("TasksMax", .uint64(7))], until: .ample)
        #expect(fake.end() == nil)
    }

    @Test func propertyOfAUnitIsRead() throws {
        let fake = try FakeBus { fake in
            fake.welcome()
            let call = fake.call("Get")
            fake.check(call.path == "/org/freedesktop/systemd1/unit/a_2db_5f1_2escope", call.path?.displayText ?? "")
            fake.check(call.interface == "org.freedesktop.DBus.Properties", "interface")
            fake.check(
                call.body == wire("1e000000 'org.freedesktop.systemd1.Scope' 00 00 0c000000 'ControlGroup' 00"), hex(call.body))
            fake.reply(to: call, from: FakeBus.systemd, "v") { writer in
                writer.beginVariant("s")
                writer.add("/a" as ByteString)
            }
            fake.reply(to: fake.call("Get"), from: FakeBus.systemd, "v") { writer in
                writer.beginVariant("d")
                writer.add(0 as UInt64)
            }
        }
        let manager = try manager(fake)
        let value = try manager.unitProperty("ControlGroup", of: "a-b_1.scope", interface: "Scope", until: .ample)
        #expect(value == .string("/a"))
        let error = try #require(throws: BusError.self) {
            try manager.unitProperty("X", of: "a.scope", interface: "Unit", until: .ample)
        }
        #expect(
            error.error.sentence
                == "can't ask for X of unit \"a.scope\": the answer over D-Bus is malformed: a property has an unexpected type")
        #expect(fake.end() == nil)
    }

    @Test func versionIsANumber() throws {
        let fake = try FakeBus { fake in
            fake.welcome()
            for text in ["257.6-1~deb13u1", "unknown"] as [ByteString] {
                let call = fake.call("Get")
                fake.check(call.path == "/org/freedesktop/systemd1", call.path?.displayText ?? "")
                fake.reply(to: call, from: FakeBus.systemd, "v") { writer in
                    writer.beginVariant("s")
                    writer.add(text)
                }
            }
        }
        let manager = try manager(fake)
        #expect(try manager.version(until: .ample) == 257)
        let error = try #require(throws: BusError.self) { try manager.version(until: .ample) }
        #expect(error.error.sentence.hasSuffix("the version isn't a number"))
        #expect(fake.end() == nil)
    }

    @Test(
        arguments: [
            ("257.6-1~deb13u1", 257), ("245", 245), ("v245.4-1.fc32", 245), ("255 (255-1)", 255), ("", nil), ("v", nil),
            ("abc", nil),
            ("99999999999999999999", nil),
        ] as [(ByteString, Int?)])
    func versionIsTheFirstNumber(text: ByteString, number: Int?) {
        #expect(SystemdManager.versionNumber(text) == number)
    }

    @Test func objectPathsOfUnitsAreEscaped() {
        #expect(UnitPath.of("1a.scope") == "/org/freedesktop/systemd1/unit/_31a_2escope")
        #expect(UnitPath.of("a1@\\x2d.service") == "/org/freedesktop/systemd1/unit/a1_40_5cx2d_2eservice")
        #expect(UnitPath.of("") == "/org/freedesktop/systemd1/unit/_")
    }
}
