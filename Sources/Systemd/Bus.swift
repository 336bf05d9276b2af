import Bytes
import Errors
public import Linux

/// A connection to a bus, or to systemd itself.
///
/// Several calls may be on their way: each of them costs the bus and systemd a change of processes, which the caller needn't
/// wait for one by one. Signals that arrive while an answer is awaited are kept: systemd may say that a job has ended before it
/// answers the call that began the job.
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
    private var greeting: Greeting?
    private var lastSerial: UInt32 = 0
    /// The calls whose answers nobody has taken yet, and those of the answers that have arrived.
    private var pending: [UInt32] = []
    private var answers: [BusMessage] = []
    /// The only signals that are kept.
    private var watched: (interface: ByteString, member: ByteString)?
    private var signals: [BusMessage] = []

    /// Connects, begins to authenticate and, on a bus, to say hello, which has to be the first call: D-Bus Specification,
    /// "org.freedesktop.DBus.Hello". systemd's own socket is waited for until it has accepted us.
    ///
    /// - Parameters:
    ///   - address: where the bus listens.
    ///   - user: the effective user id of this process, as the bus sees it. nil lets the bus ask the kernel: in a user
    ///     namespace this process doesn't know its user id outside.
    ///   - deadline: when to give up.
    /// - Throws: `timeout` after the deadline; `cgroup` if the bus isn't there.
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
        stream.beginAuthentication(as: user)
        greeting = Greeting(user: user, hello: kind == .bus ? try begin(.bus, "Hello", for: "say hello to D-Bus") : nil)
        try stream.flush(for: BusStream.authentication, until: deadline)
        // systemd (seen with 257) leaves a message unread that arrives at its own socket together with the authentication.
        if kind == .systemd { try establish(until: deadline) }
    }

    /// What the other side hasn't answered yet: the authentication and Hello.
    private struct Greeting {
        let user: UInt32?
        let hello: PendingCall?
    }

    /// Waits until the other side has accepted us. Every call does so, too.
    ///
    /// - Parameter deadline: when to give up.
    /// - Throws: `cgroup` if it doesn't accept us.
    public func establish(until deadline: Deadline) throws(BusError) {
        guard let greeting else { return }
        self.greeting = nil
        try stream.finishAuthentication(as: greeting.user, until: deadline)
        if let hello = greeting.hello { _ = try answer(to: hello, until: deadline) }
    }

    /// A call that was made and whose answer is still to be taken.
    struct PendingCall: Sendable {
        let serial: UInt32
        /// What the call is for, for errors.
        let step: String
    }

    /// Makes a call and waits for its answer: see `begin` and `answer(to:until:)`.
    func call(
        _ target: Target, _ member: ByteString, types: ByteString = "", _ arguments: MessageWriter = MessageWriter(),
        for step: String, until deadline: Deadline
    ) throws(BusError) -> BusMessage {
        try answer(to: try begin(target, member, types: types, arguments, for: step), until: deadline)
    }

    /// Makes a call, which is sent with the next ones or by `flush`. Calls to the same object are worked at in their order.
    ///
    /// - Parameters:
    ///   - target: the object and its interface.
    ///   - member: the name of the method.
    ///   - types: the types of the arguments.
    ///   - arguments: the arguments. They aren't written by a closure, because the compiler would make a copy of this function
    ///     for each one.
    ///   - step: what the call is for, for errors: "start unit \"a.scope\"".
    /// - Returns: the call.
    /// - Throws: an error if the call can't be said over D-Bus.
    func begin(
        _ target: Target, _ member: ByteString, types: ByteString = "", _ arguments: MessageWriter = MessageWriter(),
        for step: String
    ) throws(BusError) -> PendingCall {
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
        stream.queue(bytes)
        pending.append(message.serial)
        return PendingCall(serial: message.serial, step: step)
    }

    /// Sends the calls that were made.
    func flush(for step: String, until deadline: Deadline) throws(BusError) { try stream.flush(for: step, until: deadline) }

    /// Waits for the answer to a call, and takes it.
    ///
    /// - Parameters:
    ///   - call: the call.
    ///   - deadline: when to give up. An answer that comes later is ignored.
    /// - Returns: the answer, of kind reply.
    /// - Throws: an error with a name if the other side answers with an error.
    func answer(to call: PendingCall, until deadline: Deadline) throws(BusError) -> BusMessage {
        try establish(until: deadline)
        defer { pending.removeAll { $0 == call.serial } }
        while true {
            if let index = answers.firstIndex(where: { $0.replySerial == call.serial }) {
                let answer = answers.remove(at: index)
                guard answer.kind == .reply else { throw BusError(call.step, refusedBy: answer) }
                return answer
            }
            try keep(try receive(for: call.step, until: deadline), for: call.step)
        }
    }

    private func keep(_ message: BusMessage, for step: String) throws(BusError) {
        switch message.kind {
        case .reply, .error:
            // An answer to a call that we gave up concerns nobody.
            if let serial = message.replySerial, pending.contains(serial) { answers.append(message) }
        case .signal:
            guard isWatched(message) else { return }
            guard signals.count < Bus.mostSignals else {
                throw BusError(RuntimeError(.cgroup, "can't " + step + ": too many signals arrived over D-Bus"))
            }
            signals.append(message)
        // Nobody has a reason to call us.
        case .call: break
        }
    }

    private func isWatched(_ message: BusMessage) -> Bool {
        guard message.kind == .signal, let watched else { return false }
        return message.interface == watched.interface && message.member == watched.member
    }

    /// Asks the bus for the signals of one kind, and keeps them from now on: the call `AddMatch` of D-Bus Specification, "Match
    /// Rules".
    ///
    /// - Parameters:
    ///   - source: the object that sends the signals.
    ///   - member: the name of the signal.
    ///   - step: what the signals are for.
    /// - Returns: the call. nil for systemd's own socket, which gets all signals.
    /// - Throws: an error if the call can't be said over D-Bus.
    func watch(_ source: Target, _ member: ByteString, for step: String) throws(BusError) -> PendingCall? {
        watched = (source.interface, member)
        guard kind == .bus else { return nil }
        let origin = "type='signal',sender='" + source.destination + "',path='" + source.path
        let rule = origin + "',interface='" + source.interface + "',member='" + member + "'"
        return try begin(.bus, "AddMatch", types: "s", MessageWriter(rule), for: step)
    }

    /// The next signal that is watched: one that was kept, or else the next one that arrives.
    func nextSignal(for step: String, until deadline: Deadline) throws(BusError) -> BusMessage {
        while signals.isEmpty { try keep(try receive(for: step, until: deadline), for: step) }
        return signals.removeFirst()
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
