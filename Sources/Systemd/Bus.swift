import Bytes
import Errors
public import Linux

/// A connection to a bus, or to systemd itself, for one call at a time.
///
/// Signals that arrive while an answer is awaited are kept: systemd may say that a job has ended before it answers the call
/// that began the job.
public final class Bus {
    /// Whom a call is for: the same names for all calls to one object.
    struct Target {
        let destination: ByteString
        let path: ByteString
        let interface: ByteString

        /// The bus itself: D-Bus Specification, "Message Bus Messages".
        static let bus = Target(
            destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus")
    }

    /// The most signals that are kept. systemd sends one for each job, and a call takes milliseconds.
    private static let mostSignals = 4096

    private var stream: BusStream
    /// What the connection leads to.
    let kind: BusAddress.Kind
    private var lastSerial: UInt32 = 0
    /// The only signals that are kept.
    private var watched: (interface: ByteString, member: ByteString)?
    private var signals: [BusMessage] = []

    /// Connects, authenticates and, on a bus, says hello, which has to be the first call: D-Bus Specification,
    /// "org.freedesktop.DBus.Hello".
    ///
    /// - Parameters:
    ///   - address: where the bus listens.
    ///   - user: the effective user id of this process, as the bus sees it. nil lets the bus ask the kernel: in a user
    ///     namespace this process doesn't know its user id outside.
    ///   - deadline: when to give up.
    /// - Throws: `timeout` after the deadline; `cgroup` if the bus isn't there, or doesn't accept us.
    public convenience init(_ address: BusAddress, user: UInt32?, until deadline: Deadline) throws(BusError) {
        let step = "connect to \"" + WireText.safe(address.path) + "\""
        let socket: FileDescriptor
        do throws(SystemError) {
            // 0 milliseconds would wait for ever.
            socket = try .connectStream(to: address.path, timeout: max(deadline.millisecondsLeft, 1))
        } catch {
            let isMissing = error.errno == .ENOENT || error.errno == .ECONNREFUSED
            throw error.errno == .EAGAIN
                ? .late(step)
                : BusError(
                    step, error, path: address.path,
                    hint: isMissing ? "start systemd and D-Bus, or do without systemd: --cgroup-manager cgroupfs" : nil)
        }
        try self.init(socket, kind: address.kind, user: user, until: deadline)
    }

    /// The same with a socket that is connected already.
    init(_ socket: consuming FileDescriptor, kind: BusAddress.Kind, user: UInt32?, until deadline: Deadline) throws(BusError) {
        stream = BusStream(socket)
        self.kind = kind
        try stream.authenticate(as: user, until: deadline)
        if kind == .bus { _ = try call(.bus, "Hello", for: "say hello to D-Bus", until: deadline) }
    }

    /// Makes a call and waits for its answer.
    ///
    /// - Parameters:
    ///   - target: the object and its interface.
    ///   - member: the name of the method.
    ///   - types: the types of the arguments.
    ///   - arguments: the arguments. They aren't written by a closure, because the compiler would make a copy of this function
    ///     for each one.
    ///   - step: what the call is for, for errors: "start unit \"a.scope\"".
    ///   - deadline: when to give up. An answer that comes later is ignored.
    /// - Returns: the answer, of kind reply.
    /// - Throws: an error with a name if the other side answers with an error.
    func call(
        _ target: Target, _ member: ByteString, types: ByteString = "", _ arguments: MessageWriter = MessageWriter(),
        for step: String, until deadline: Deadline
    ) throws(BusError) -> BusMessage {
        lastSerial = lastSerial == .max ? 1 : lastSerial + 1
        var message = BusMessage(.call, serial: lastSerial)
        // Without a bus nobody reads the destination.
        if kind == .bus { message.destination = target.destination }
        message.path = target.path
        message.interface = target.interface
        message.member = member
        message.signature = types
        message.body = arguments.bytes
        let bytes: [UInt8]
        do throws(MalformedMessage) {
            if let failure = arguments.failure { throw failure }
            bytes = try message.encoded()
        } catch {
            throw BusError(RuntimeError(.cgroup, "can't " + step + ": it can't be said over D-Bus: " + error.text))
        }
        try stream.send(bytes, for: step, until: deadline)
        return try answer(to: message.serial, for: step, until: deadline)
    }

    private func answer(to serial: UInt32, for step: String, until deadline: Deadline) throws(BusError) -> BusMessage {
        while true {
            let message = try receive(for: step, until: deadline)
            switch message.kind {
            case .reply where message.replySerial == serial: return message
            case .error where message.replySerial == serial: throw BusError(step, refusedBy: message)
            case .signal: try keep(message, for: step)
            // Calls to us, which nobody has a reason to make, and answers to calls that we gave up.
            case .call, .reply, .error: continue
            }
        }
    }

    private func keep(_ signal: BusMessage, for step: String) throws(BusError) {
        guard isWatched(signal) else { return }
        guard signals.count < Bus.mostSignals else {
            throw BusError(RuntimeError(.cgroup, "can't " + step + ": too many signals arrived over D-Bus"))
        }
        signals.append(signal)
    }

    private func isWatched(_ message: BusMessage) -> Bool {
        guard message.kind == .signal, let watched else { return false }
        return message.interface == watched.interface && message.member == watched.member
    }

    /// Asks the bus for the signals of one kind, and keeps them from now on.
    ///
    /// - Parameters:
    ///   - source: the object that sends the signals.
    ///   - member: the name of the signal.
    ///   - step: what the signals are for.
    ///   - deadline: when to give up.
    /// - Throws: the error of the call `AddMatch`: D-Bus Specification, "Match Rules".
    func watch(_ source: Target, _ member: ByteString, for step: String, until deadline: Deadline) throws(BusError) {
        watched = (source.interface, member)
        // systemd's own socket gets all signals.
        guard kind == .bus else { return }
        let origin = "type='signal',sender='" + source.destination + "',path='" + source.path
        let rule = origin + "',interface='" + source.interface + "',member='" + member + "'"
        _ = try call(.bus, "AddMatch", types: "s", MessageWriter(rule), for: step, until: deadline)
    }

    /// The next signal that is watched: one that was kept, or else the next one that arrives.
    func nextSignal(for step: String, until deadline: Deadline) throws(BusError) -> BusMessage {
        if !signals.isEmpty { return signals.removeFirst() }
        while true {
            let message = try receive(for: step, until: deadline)
            if isWatched(message) { return message }
        }
    }

    /// Receives the next message that concerns us.
    private func receive(for step: String, until deadline: Deadline) throws(BusError) -> BusMessage {
        while true {
            let prefix = try stream.peek(BusMessage.prefixSize, for: step, until: deadline)
            let size: Int
            do throws(MalformedMessage) {
                size = try BusMessage.size(prefix: prefix)
            } catch {
                throw BusError(step, error)
            }
            guard size <= MessageLimit.message else {
                // Others on the bus may send us signals of any size: such a one must not fail our call.
                try stream.drop(size, for: step, until: deadline)
                continue
            }
            let bytes = try stream.take(size, for: step, until: deadline)
            do throws(MalformedMessage) {
                if let message = try BusMessage.decode(bytes) { return message }
            } catch {
                throw BusError(step, error)
            }
        }
    }
}
