import Bytes
import Errors
import Linux

/// The bytes of a connection to a bus. Every wait ends at a deadline, because systemd and the bus may hang or be very busy.
struct BusStream: ~Copyable {
    private let socket: FileDescriptor
    /// What is to be sent.
    private var unsent: [UInt8] = []
    /// What has arrived and isn't taken yet.
    private var arrived: [UInt8] = []

    /// Takes over a connected stream socket.
    init(_ socket: consuming FileDescriptor) {
        socket.setNonBlocking()
        self.socket = socket
    }

    /// Keeps bytes that are to be sent, together with those that follow: each message that is sent on its own costs the bus a
    /// change of processes. They're sent before something is awaited.
    mutating func queue(_ bytes: [UInt8]) { unsent += bytes }

    /// Sends all bytes that are kept.
    mutating func flush(for step: String, until deadline: Deadline) throws(BusError) {
        var rest = unsent
        unsent = []
        while !rest.isEmpty {
            do throws(SystemError) {
                let count = try socket.sendPart(rest, descriptors: [])
                rest.removeFirst(count)
            } catch {
                guard error.errno == .EAGAIN else {
                    throw error.errno == .EPIPE || error.errno == .ECONNRESET ? .closed(step) : BusError(step, error)
                }
                try wait(.writable, for: step, until: deadline)
            }
        }
    }

    /// Takes the next `count` bytes, and waits for them.
    mutating func take(_ count: Int, for step: String, until deadline: Deadline) throws(BusError) -> [UInt8] {
        try fill(count, for: step, until: deadline)
        let bytes = Array(arrived[..<count])
        arrived.removeFirst(count)
        return bytes
    }

    /// The next `count` bytes, which stay.
    mutating func peek(_ count: Int, for step: String, until deadline: Deadline) throws(BusError) -> ArraySlice<UInt8> {
        try fill(count, for: step, until: deadline)
        return arrived[..<count]
    }

    /// Throws away the next `count` bytes as they arrive, in small memory.
    mutating func drop(_ count: Int, for step: String, until deadline: Deadline) throws(BusError) {
        var left = count
        while left > 0 {
            if arrived.isEmpty { try receive(for: step, until: deadline) }
            let part = min(left, arrived.count)
            arrived.removeFirst(part)
            left -= part
        }
    }

    /// Takes a line that ends in CR LF, without its end. A line of more than `limit` bytes is an error.
    mutating func line(limit: Int, for step: String, until deadline: Deadline) throws(BusError) -> ByteString {
        var searched = 0
        while true {
            for index in searched..<arrived.count where index > 0 && arrived[index] == 10 && arrived[index - 1] == 13 {
                let line = ByteString(arrived[..<(index - 1)])
                arrived.removeFirst(index + 1)
                return line
            }
            searched = arrived.count
            guard searched <= limit else { throw BusError(step, MalformedMessage("a line is too long")) }
            try receive(for: step, until: deadline)
        }
    }

    private mutating func fill(_ count: Int, for step: String, until deadline: Deadline) throws(BusError) {
        while arrived.count < count { try receive(for: step, until: deadline) }
    }

    /// Receives at least one byte. Descriptors that come along are closed: nothing of ours asks for any.
    private mutating func receive(for step: String, until deadline: Deadline) throws(BusError) {
        try flush(for: step, until: deadline)
        // Even if more is there already: a peer that never stops sending must not keep us beyond the deadline.
        guard !deadline.isOver else { throw .late(step) }
        while true {
            do throws(SystemError) {
                let bytes = try socket.receive(limit: 16 << 10).bytes
                guard !bytes.isEmpty else { throw SystemError("recvmsg", errno: .ECONNRESET) }
                arrived += bytes
                return
            } catch {
                if error.errno == .ECONNRESET { throw .closed(step) }
                guard error.errno == .EAGAIN else { throw BusError(step, error) }
            }
            try wait(.readable, for: step, until: deadline)
        }
    }

    private borrowing func wait(_ events: PollEvents, for step: String, until deadline: Deadline) throws(BusError) {
        var request = PollRequest(socket.rawValue, events)
        // A signal ends poll(2) early, without an event.
        while !request.wait(milliseconds: deadline.millisecondsLeft) {
            if deadline.isOver { throw .late(step) }
        }
    }
}
