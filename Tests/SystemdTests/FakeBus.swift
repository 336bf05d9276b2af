import Bytes
import CLinux
import Errors
import Foundation
import Linux

@testable import Systemd

/// The other side of a connection: a thread that follows a script, on one end of a pair of sockets.
final class FakeBus: @unchecked Sendable {
    /// The end that the code under test takes.
    private var other: SharedDescriptor?
    private let socket: SharedDescriptor
    private let done = DispatchSemaphore(value: 0)
    /// What went wrong in the script.
    private var failure: String?

    init(_ script: @escaping @Sendable (FakeBus) -> Void) throws {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, c_stream, 0, &pair) == 0 else { throw SystemError.last("socketpair") }
        other = SharedDescriptor(FileDescriptor(adopting: pair[0]))
        socket = SharedDescriptor(FileDescriptor(adopting: pair[1]))
        run(script)
    }

    /// The same for one connection to a listening socket.
    init(accepting listener: SharedDescriptor, _ script: @escaping @Sendable (FakeBus) -> Void) throws {
        socket = SharedDescriptor(try listener.file.accept())
        run(script)
    }

    private func run(_ script: @escaping @Sendable (FakeBus) -> Void) {
        Thread { [self] in
            script(self)
            done.signal()
        }.start()
    }

    /// The connection for the code under test, once.
    func connection() throws -> FileDescriptor {
        defer { other = nil }
        guard let other else { throw SystemError("fcntl", errno: .EBADF) }
        return try other.duplicate()
    }

    /// Notes that something is wrong, unless it's as it should be.
    func check(_ isRight: Bool, _ what: String) {
        if !isRight, failure == nil { failure = what }
    }

    /// Waits for the end of the script. The result is what went wrong in it, nil if nothing did.
    func end() -> String? {
        if done.wait(timeout: .now() + 10) == .timedOut { return "the script doesn't end" }
        return failure
    }

    /// Sends everything, or as much as the other side takes before it closes. The result is whether that was everything.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        // Not write(2), which raises SIGPIPE.
        while !rest.isEmpty, let count = try? socket.file.sendPart(Array(rest), descriptors: []) { rest = rest.dropFirst(count) }
        return rest.isEmpty
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func close() { socket.file.shutDown() }

    /// Takes exactly these bytes.
    func expect(_ expected: [UInt8], _ what: String) {
        let found = take(expected.count)
        check(found == expected, "\(what): expected \(hex(expected)), found \(hex(found))")
    }

    func expect(_ text: String) { expect(Array(text.utf8), text) }

    /// Checks that nothing comes for a while.
    func expectSilence() {
        var request = PollRequest(socket.rawValue, .readable)
        check(!request.wait(milliseconds: 100), "something comes where nothing should")
    }

    private func take(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let more = try? socket.file.read(upTo: count - bytes.count), !more.isEmpty { bytes += more }
        return bytes
    }

    /// Takes the next message, whatever it is.
    func message() -> BusMessage? {
        let prefix = take(BusMessage.prefixSize)
        guard let size = try? BusMessage.size(prefix: prefix[...]) else { return nil }
        return try? BusMessage.decode(prefix + take(size - prefix.count))
    }

    /// Takes a call and checks its member.
    @discardableResult
    func call(_ member: ByteString) -> BusMessage {
        let message = message()
        check(message?.member == member, "\(message?.member?.displayText ?? "nothing") where \(member.displayText) was expected")
        return message ?? BusMessage(.call, serial: 1)
    }

    func greet() {
        expect("\0AUTH EXTERNAL 30\r\n")
        send("OK 0123456789abcdef0123456789abcdef\r\n")
        expect("BEGIN\r\n")
    }

    /// Authentication and Hello.
    func welcome() {
        greet()
        reply(to: call("Hello"), "s") { $0.add(":1.7" as ByteString) }
    }

    func reply(
        to call: BusMessage, from sender: ByteString? = "org.freedesktop.DBus", _ types: ByteString = "",
        _ body: (inout MessageWriter) -> Void = { _ in }
    ) {
        var message = BusMessage(.reply, serial: 1000 + call.serial)
        message.replySerial = call.serial
        message.sender = sender
        send(message, types, body)
    }

    func refuse(_ call: BusMessage, _ name: ByteString, _ text: ByteString) {
        var message = BusMessage(.error, serial: 2000 + call.serial)
        message.replySerial = call.serial
        message.errorName = name
        send(message, "s") { $0.add(text) }
    }

    func jobRemoved(_ number: UInt32, _ result: ByteString, from sender: ByteString? = FakeBus.systemd) {
        var message = BusMessage(.signal, serial: 3000 + number)
        message.path = "/org/freedesktop/systemd1"
        message.interface = "org.freedesktop.systemd1.Manager"
        message.member = "JobRemoved"
        message.sender = sender
        send(message, "uoss") { writer in
            writer.add(number)
            writer.add(path: "/org/freedesktop/systemd1/job/" + ByteString(decimal: number))
            writer.add("a.scope" as ByteString)
            writer.add(result)
        }
    }

    static let systemd: ByteString = ":1.1"

    /// Everything up to the call StartTransientUnit, which is the result.
    func untilStart() -> BusMessage {
        welcome()
        reply(to: call("AddMatch"))
        return call("StartTransientUnit")
    }

    func replyJob(_ number: UInt32, to call: BusMessage) {
        reply(to: call, from: FakeBus.systemd, "o") {
            $0.add(path: "/org/freedesktop/systemd1/job/" + ByteString(decimal: number))
        }
    }

    func send(_ message: BusMessage, _ types: ByteString, _ body: (inout MessageWriter) -> Void) {
        var writer = MessageWriter()
        body(&writer)
        var message = message
        message.signature = types
        message.body = writer.bytes
        send((try? message.encoded()) ?? [])
    }
}

func hex(_ bytes: [UInt8]) -> String { ByteString(hexadecimal: bytes).displayText }

/// The bytes that hexadecimal digits and texts in apostrophes stand for; spaces mean nothing: "6c01 'text' 00".
func wire(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
        if index % 2 == 1 {
            bytes += Array(part.utf8)
            continue
        }
        let digits = part.utf8.compactMap { $0.hexadecimalValue }
        for place in stride(from: 0, to: digits.count - 1, by: 2) { bytes.append(digits[place] << 4 | digits[place + 1]) }
    }
    return bytes
}

extension Deadline {
    /// Long enough for every answer of a fake bus.
    static var ample: Deadline { Deadline(milliseconds: 5000) }
    /// For a bus that doesn't answer, but does what it should before that.
    static var short: Deadline { Deadline(milliseconds: 300) }
}
