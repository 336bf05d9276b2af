import Bytes
import Errors
import Foundation
import Linux
import Testing

@testable import Systemd

@Suite struct BusTests {
    private func connect(
        _ fake: FakeBus, _ kind: BusAddress.Kind = .bus, user: UInt32? = 0, until deadline: Deadline = .ample
    ) throws -> Bus {
        let bus = try Bus(try fake.connection(), kind: kind, user: user, until: deadline)
        try bus.establish(until: deadline)
        return bus
    }

    private func failure(
        _ kind: BusAddress.Kind = .bus, user: UInt32? = 0, until deadline: Deadline = .ample,
        _ script: @escaping @Sendable (FakeBus) -> Void
    ) throws -> RuntimeError {
        let fake = try FakeBus(script)
        let error = try #require(throws: BusError.self) { _ = try connect(fake, kind, user: user, until: deadline) }
        #expect(fake.end() == nil)
        return error.error
    }

    private static let target = Bus.Target(destination: "d.e", path: "/o", interface: "i.f")

    @Test func authenticatesAndSaysHello() throws {
        let fake = try FakeBus { fake in
            // 1000 in decimal, in hexadecimal.
            fake.expect("\0AUTH EXTERNAL 31303030\r\n")
            fake.send("OK 0123456789abcdef0123456789abcdef\r\n")
            fake.expect("BEGIN\r\n")
            fake.expect(
                wire(
                    """
                    6c 01 00 01 00000000 01000000 6d000000
                    01 01 'o' 00 15000000 '/org/freedesktop/DBus' 00 0000
                    02 01 's' 00 14000000 'org.freedesktop.DBus' 00 000000
                    03 01 's' 00 05000000 'Hello' 00 0000
                    06 01 's' 00 14000000 'org.freedesktop.DBus' 00 000000
                    """), "Hello")
            var hello = BusMessage(.call, serial: 1)
            hello.path = "/"
            fake.reply(to: hello, "s") { $0.add(":1.7" as ByteString) }
        }
        _ = try connect(fake, user: 1000)
        #expect(fake.end() == nil)
    }

    @Test func claimsNoUserIfItDoesNotKnowIts() throws {
        let fake = try FakeBus { fake in
            fake.expect("\0AUTH EXTERNAL\r\n")
            fake.send("DATA\r\n")
            fake.expect("DATA\r\n")
            fake.send("OK 01\r\n")
            fake.expect("BEGIN\r\n")
        }
        _ = try connect(fake, .systemd, user: nil)
        #expect(fake.end() == nil)
    }

    /// Without a bus there's nobody to say hello to, and no destination.
    @Test func callsToSystemdItselfNameNoDestination() throws {
        let fake = try FakeBus { fake in
            fake.greet()
            fake.expect(
                wire(
                    """
                    6c 01 00 01 00000000 01000000 2a000000
                    01 01 'o' 00 02000000 '/o' 00 0000000000
                    02 01 's' 00 03000000 'i.f' 00 00000000
                    03 01 's' 00 01000000 'M' 00 000000000000
                    """), "M")
            fake.send(wire("6c 02 00 01 00000000 01000000 08000000 05 01 'u' 00 01000000"))
        }
        let bus = try connect(fake, .systemd)
        #expect(try bus.call(Self.target, "M", for: "try", until: .ample).kind == .reply)
        #expect(fake.end() == nil)
    }

    @Test func refusalOfTheUserIsAnError() throws {
        let error = try failure { fake in
            fake.expect("\0AUTH EXTERNAL 30\r\n")
            fake.send("REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n")
        }
        #expect(error.code == .cgroup)
        #expect(error.sentence == "can't authenticate to D-Bus: it doesn't accept this user")
    }

    @Test func unexpectedAnswerIsShownSafely() throws {
        let error = try failure { $0.send("ERROR \u{1B}[2J\n\r\n") }
        #expect(error.sentence == "can't authenticate to D-Bus: it answered \"ERROR \\x1b[2J\\n\"")
        let long = try failure { $0.send([UInt8](repeating: UInt8(ascii: "x"), count: 100_000)) }
        #expect(long.sentence == "can't authenticate to D-Bus: the answer over D-Bus is malformed: a line is too long")
    }

    @Test(arguments: [0, 1, 2]) func silenceEndsAtTheDeadline(stage: Int) throws {
        let error = try failure(until: .short) { fake in
            if stage > 0 { fake.send("O") }
            if stage > 1 {
                fake.send("K 01\r\n")
                fake.expect("\0AUTH EXTERNAL 30\r\nBEGIN\r\n")
            }
        }
        #expect(error.code == .timeout)
        let step = stage < 2 ? "authenticate to D-Bus" : "say hello to D-Bus"
        #expect(error.sentence == "can't \(step): no answer over D-Bus in time")
    }

    /// A peer that sends without end must not keep the wait alive.
    @Test func noiseEndsAtTheDeadline() throws {
        let fake = try FakeBus { fake in
            fake.greet()
            let end = Deadline(milliseconds: 8000)
            // Faster than they can be read: the socket is never empty.
            let noise = [[UInt8]](repeating: wire("6c 07 00 01 00000000 01000000 00000000"), count: 4096).flatMap { $0 }
            while !end.isOver, fake.send(noise) {}
        }
        let bus = try connect(fake, .systemd)
        let started = Clock.monotonic()
        let error = try #require(throws: BusError.self) { _ = try bus.call(Self.target, "M", for: "try", until: .short) }
        #expect(error.error.code == .timeout)
        #expect(Clock.monotonic() - started < 4_000_000_000)
        withExtendedLifetime(fake) {}
    }

    /// The other side's buffer is full, and it doesn't read.
    @Test func sendingEndsAtTheDeadline() throws {
        let fake = try FakeBus { $0.greet() }
        let bus = try connect(fake, .systemd)
        #expect(fake.end() == nil)
        let error = try #require(throws: BusError.self) {
            var large = MessageWriter()
            large.add(array: [UInt8](repeating: 0, count: 1_000_000))
            _ = try bus.call(Self.target, "M", types: "ay", large, for: "try", until: .short)
        }
        #expect(error.error.sentence == "can't try: no answer over D-Bus in time")
    }

    @Test(arguments: [0, 1, 2, 3]) func endOfTheConnectionIsAnError(stage: Int) throws {
        let error = try failure { fake in
            switch stage {
            case 0: fake.close()
            case 1:
                fake.expect("\0AUTH EXTERNAL 30\r\n")
                fake.close()
            case 2:
                fake.greet()
                fake.close()
            default:
                fake.greet()
                fake.call("Hello")
                fake.send(wire("6c 02 00 01 00000000 01"))
                fake.close()
            }
        }
        #expect(error.code == .cgroup)
        let step = stage < 2 ? "authenticate to D-Bus" : "say hello to D-Bus"
        #expect(error.sentence == "can't \(step): the connection to D-Bus was closed")
    }

    @Test func malformedAnswerIsAnError() throws {
        let error = try failure { fake in
            fake.greet()
            fake.call("Hello")
            fake.send(wire("6c 02 00 09 00000000 01000000 00000000"))
        }
        #expect(
            error.sentence
                == "can't say hello to D-Bus: the answer over D-Bus is malformed: its version of the protocol is unknown")
    }

    /// Answers to other calls, a call to us, messages of unknown kind, and a signal that is too long for us.
    @Test func messagesThatDoNotConcernUsArePassedOver() throws {
        let fake = try FakeBus { fake in
            fake.greet()
            let hello = fake.call("Hello")
            var other = hello
            other.serial = 77
            fake.reply(to: other, "s") { $0.add("wrong" as ByteString) }
            fake.refuse(other, "a.b", "wrong")
            fake.send(hello, "") { _ in }
            fake.send(wire("6c 07 00 01 00000000 01000000 00000000"))
            fake.send(wire("6c 04 00 01 00002000 01000000 00000000") + [UInt8](repeating: 0, count: 2 << 20))
            fake.reply(to: hello, "s") { $0.add(":1.7" as ByteString) }
            fake.reply(to: fake.call("M"), "s") { $0.add("right" as ByteString) }
        }
        let bus = try connect(fake)
        #expect(try bus.call(Self.target, "M", for: "try", until: .ample).text == "right")
        #expect(fake.end() == nil)
    }

    @Test func errorOfTheOtherSideIsNamedAndShownSafely() throws {
        let fake = try FakeBus { fake in
            fake.welcome()
            fake.refuse(
                fake.call("M"), "org.freedesktop.DBus.Error.AccessDenied",
                "no\n\u{1B}[31m" + ByteString([UInt8](repeating: UInt8(ascii: "x"), count: 1000)))
        }
        let bus = try connect(fake)
        let error = try #require(throws: BusError.self) { try bus.call(Self.target, "M", for: "try it", until: .ample) }
        #expect(error.name == "org.freedesktop.DBus.Error.AccessDenied")
        #expect(!error.isUnitExists && !error.isNoSuchUnit)
        #expect(
            error.error.sentence.hasPrefix(
                "can't try it: D-Bus error org.freedesktop.DBus.Error.AccessDenied: no\\n\\x1b[31mxxx"))
        #expect(error.error.sentence.hasSuffix("xxx…"))
        #expect(error.error.sentence.utf8.count < 400)
    }

    @Test func unsayableArgumentsAreRefusedBeforeTheCall() throws {
        let fake = try FakeBus { $0.greet() }
        let bus = try connect(fake, .systemd)
        let error = try #require(throws: BusError.self) {
            _ = try bus.call(Self.target, "M", types: "s", MessageWriter(ByteString([0xFF])), for: "try", until: .ample)
        }
        #expect(error.error.sentence == "can't try: it can't be said over D-Bus: a string isn't UTF-8, or holds a NUL")
        #expect(fake.end() == nil)
    }

    @Test func connectsToAListeningSocket() throws {
        let folder = try TemporaryFolder()
        let listener = try folder.listen("bus")
        let address = BusAddress(path: folder.path + "/bus", kind: .bus)
        let nobody = BusAddress(path: folder.path + "/none", kind: .systemd)
        Thread {
            let fake = try? FakeBus(accepting: listener) { $0.welcome() }
            _ = fake?.end()
        }.start()
        _ = try Bus.system(user: 0, addresses: (address, nobody), until: .ample)
    }

    @Test func systemdItselfIsTakenIfThereIsNoBus() throws {
        let folder = try TemporaryFolder()
        let listener = try folder.listen("private")
        let nobody = BusAddress(path: folder.path + "/none", kind: .bus)
        let address = BusAddress(path: folder.path + "/private", kind: .systemd)
        Thread {
            let fake = try? FakeBus(accepting: listener) { $0.greet() }
            _ = fake?.end()
        }.start()
        #expect(try Bus.system(user: 0, addresses: (nobody, address), until: .ample).kind == .systemd)
        let error = try #require(throws: BusError.self) {
            try Bus.system(user: 0, addresses: (nobody, nobody), until: .ample)
        }
        #expect(error.error.errno == .ENOENT)
        #expect(error.error.path == nobody.path)
        #expect(error.error.sentence == "can't connect to \"\(nobody.path.displayText)\" over D-Bus")
    }

    /// A connection that nobody accepts: the queue of the listening socket is full.
    @Test func connectingEndsAtTheDeadline() throws {
        let folder = try TemporaryFolder()
        let listener = try folder.listen("bus")
        let address = BusAddress(path: folder.path + "/bus", kind: .bus)
        var errors: [BusError] = []
        for _ in 0..<4 {
            errors.append(
                try #require(throws: BusError.self) {
                    try Bus(address, user: 0, until: .short).establish(until: .short)
                })
        }
        #expect(errors.allSatisfy { $0.error.code == .timeout })
        #expect(errors.last?.error.sentence.hasPrefix("can't connect to ") == true)
        withExtendedLifetime(listener) {}
    }
}
