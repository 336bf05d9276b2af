import CHarness

/// The bytes and the descriptor that came with one message over a Unix socket.
struct Received {
    let text: String
    let descriptor: Int32

    /// Accepts the first connection at a listening socket, within the deadline, and receives one message.
    init(from listener: Int32) throws {
        var wanted = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard retrying({ poll(&wanted, 1, Int32(Command.deadline * 1000)) }) == 1 else {
            throw HarnessFailure("nobody connected")
        }
        let connection = h_accept(listener)
        guard connection >= 0 else { throw HarnessFailure.system("accept") }
        defer { close(connection) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        var descriptor: Int32 = -1
        let count = h_receive(connection, &bytes, UInt(bytes.count), &descriptor)
        guard count >= 0, descriptor >= 0 else { throw HarnessFailure("no descriptor was sent") }
        text = String(decoding: bytes.prefix(count), as: UTF8.self)
        self.descriptor = descriptor
    }
}

/// A listening socket whose queue is full and stays full.
final class BusySocket {
    private var descriptors: [Int32] = []

    init(_ path: String) throws {
        descriptors.append(h_listen(path))
        guard descriptors[0] >= 0 else { throw HarnessFailure.system("listen") }
        while case let connection = h_connect(path), connection >= 0 { descriptors.append(connection) }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
