import CHarness

/// A bus with a systemd that misbehaves, at a socket of the test's. The command finds it where the system's bus should be, in a
/// mount namespace of its own.
final class FakeBus {
    enum Behavior {
        /// Accepts connections, and says nothing.
        case hangs
        /// Doesn't answer the call for the unit.
        case hangsAtStart
        /// Accepts the call for the unit, and never ends its job.
        case hangsInTheJob
        case closes
        /// Doesn't accept the user.
        case rejects
        /// Ends the first connection when asked for the unit.
        case closesAtStart
        /// Answers the call for the unit with an error.
        case refusesStart
        /// Accepts the call for the unit, and ends its job with "failed".
        case failsJob
    }

    private final class Connection {
        let descriptor: Int32
        var received: [UInt8] = []
        var isAuthenticated = false

        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { close(descriptor) }
    }

    private let behavior: Behavior
    private let unit: String
    private let path: String
    private let listener: Int32
    private var connections: [Connection] = []
    private var serial: UInt32 = 0
    /// The names of the calls that have come.
    private(set) var calls: [String] = []
    /// Whether somebody has connected and said something.
    private(set) var isAsked = false

    init(_ behavior: Behavior, for bundle: Bundle) throws {
        self.behavior = behavior
        unit = bundle.unit.name
        path = bundle.sandbox.directory + "/bus"
        listener = h_listen(path)
        guard listener >= 0 else { throw HarnessFailure.system("listen") }
    }

    deinit { close(listener) }

    /// Has the command see this bus, and nothing else of the host's /run.
    func serve(_ command: inout Command) {
        let script = """
            mount -t tmpfs -o size=64k tmpfs /run; mkdir /run/dbus; : >/run/dbus/system_bus_socket
            mount -o bind \(path) /run/dbus/system_bus_socket
            """
        command.wrap(in: script)
        command.arguments = ["unshare", "--mount"] + command.arguments
    }

    /// Answers until the condition holds.
    func work(until isOver: () -> Bool, within seconds: Double = Command.deadline) throws {
        try eventually("the end of the command", within: seconds) {
            while try step() {}
            return isOver()
        }
    }

    /// Does what there is to do. The result is whether there was something.
    private func step() throws -> Bool {
        if Self.isReadable(listener) {
            let connection = h_accept(listener)
            guard connection >= 0 else { throw HarnessFailure.system("accept") }
            if behavior == .closes {
                isAsked = true
                close(connection)
            } else {
                connections.append(Connection(connection))
            }
            return true
        }
        for connection in connections where Self.isReadable(connection.descriptor) {
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = CHarness.read(connection.descriptor, &bytes, bytes.count)
            guard count > 0 else {
                connections.removeAll { $0 === connection }
                return true
            }
            isAsked = true
            connection.received += bytes.prefix(count)
            if behavior != .hangs { answer(connection) }
            return true
        }
        return false
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 0) == 1
    }

    private func answer(_ connection: Connection) {
        if !connection.isAuthenticated {
            guard let last = connection.received.firstRange(of: Array("BEGIN\r\n".utf8)) else { return }
            connection.received.removeSubrange(..<last.upperBound)
            connection.isAuthenticated = true
            send(
                behavior == .rejects
                    ? Array("REJECTED EXTERNAL\r\n".utf8) : Array("OK 0123456789abcdef0123456789abcdef\r\n".utf8), connection)
        }
        while behavior != .rejects, let call = WireCall(&connection.received) {
            calls.append(call.member)
            answer(call, connection)
        }
    }

    private func answer(_ call: WireCall, _ connection: Connection) {
        switch call.member {
        case "Hello": reply(call, "s", connection) { $0.add(":1.7") }
        case "Get":
            // For a name without a unit, the description is the name.
            let value = call.mentions("Version") ? "257" : unit
            reply(call, "v", connection) { writer in
                writer.add(signature: "s")
                writer.add(value)
            }
        case "StartTransientUnit": start(call, connection)
        default: reply(call, "", connection) { _ in }
        }
    }

    private func start(_ call: WireCall, _ connection: Connection) {
        let job = "/org/freedesktop/systemd1/job/7"
        switch behavior {
        case .closesAtStart: connections.removeAll { $0 === connection }
        case .refusesStart:
            message(3, call, "s", connection, error: "org.freedesktop.DBus.Error.AccessDenied") { $0.add("not today") }
        case .hangsInTheJob: reply(call, "o", connection) { $0.add(job) }
        case .failsJob:
            reply(call, "o", connection) { $0.add(job) }
            let unit = unit
            message(4, nil, "uoss", connection) { writer in
                writer.add(7)
                for text in [job, unit, "failed"] { writer.add(text) }
            }
        case .hangs, .hangsAtStart, .closes, .rejects: break
        }
    }

    private func reply(_ call: WireCall, _ types: String, _ connection: Connection, _ body: (inout WireWriter) -> Void) {
        message(2, call, types, connection, body)
    }

    /// Sends a message of type 2 (reply), 3 (error) or 4 (the signal JobRemoved): D-Bus Specification, "Message Format".
    private func message(
        _ type: UInt8, _ call: WireCall?, _ types: String, _ connection: Connection, error: String? = nil,
        _ write: (inout WireWriter) -> Void
    ) {
        var body = WireWriter()
        write(&body)
        var fields = WireWriter()
        if let call { fields.add(field: 5, "u") { $0.add(call.serial) } }
        if type == 4 {
            fields.add(field: 1, "o") { $0.add("/org/freedesktop/systemd1") }
            fields.add(field: 2, "s") { $0.add("org.freedesktop.systemd1.Manager") }
            fields.add(field: 3, "s") { $0.add("JobRemoved") }
        }
        if let error { fields.add(field: 4, "s") { $0.add(error) } }
        fields.add(field: 7, "s") { $0.add(":1.1") }
        if !types.isEmpty { fields.add(field: 8, "g") { $0.add(signature: types) } }
        serial += 1
        var message = WireWriter()
        message.bytes = [UInt8(ascii: "l"), type, 1, 1]
        for number in [UInt32(body.bytes.count), serial, UInt32(fields.bytes.count)] { message.add(number) }
        message.bytes += fields.bytes
        message.align(to: 8)
        send(message.bytes + body.bytes, connection)
    }

    private func send(_ bytes: [UInt8], _ connection: Connection) {
        _ = bytes.withUnsafeBytes { CHarness.send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}

/// What the fake bus needs to know of a call.
private struct WireCall {
    let serial: UInt32
    let member: String
    private let bytes: [UInt8]

    /// Takes a message from the beginning of the bytes; nil if it isn't complete.
    init?(_ received: inout [UInt8]) {
        guard received.count >= 16 else { return nil }
        let all = received
        let number = { (place: Int) in (0..<4).reduce(UInt32(0)) { $0 | UInt32(all[place + $1]) << (8 * UInt32($1)) } }
        let fieldsEnd = 16 + Int(number(12))
        let size = (fieldsEnd + 7) / 8 * 8 + Int(number(4))
        guard received.count >= size else { return nil }
        bytes = Array(received.prefix(size))
        received.removeFirst(size)
        serial = number(8)
        var name = ""
        var place = 16
        while place + 4 < fieldsEnd {
            let (code, type) = (all[place], all[place + 2])
            switch type {
            case UInt8(ascii: "g"): place += 4 + Int(all[place + 4]) + 2
            case UInt8(ascii: "u"): place += 8
            default:
                let length = Int(number(place + 4))
                if code == 3 { name = String(decoding: all[(place + 8)..<(place + 8 + length)], as: UTF8.self) }
                place += 8 + length + 1
            }
            place = (place + 7) / 8 * 8
        }
        member = name
    }

    func mentions(_ text: String) -> Bool { String(decoding: bytes, as: UTF8.self).contains(text) }
}

/// Values in D-Bus's format, least significant byte first.
private struct WireWriter {
    var bytes: [UInt8] = []

    mutating func align(to size: Int) { while bytes.count % size != 0 { bytes.append(0) } }

    mutating func add(_ number: UInt32) {
        align(to: 4)
        for place in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * UInt32(place)))) }
    }

    mutating func add(_ text: String) {
        add(UInt32(text.utf8.count))
        bytes += Array(text.utf8) + [0]
    }

    mutating func add(signature: String) { bytes += [UInt8(signature.utf8.count)] + Array(signature.utf8) + [0] }

    mutating func add(field: UInt8, _ type: String, _ value: (inout WireWriter) -> Void) {
        align(to: 8)
        bytes.append(field)
        add(signature: type)
        value(&self)
    }
}
