import CHarness

/// Stands in for the host's service manager: receives what services say by sd_notify(3). As long as it doesn't, commands wait for
/// the end of their barrier.
final class ServiceManager {
    let address: String
    private let socket: Int32

    /// Takes a path, or an abstract name after a "@".
    init(_ address: String) throws {
        self.address = address
        socket = h_datagrams(address)
        guard socket >= 0 else { throw HarnessFailure.system("a socket for notifications") }
    }

    /// The manager of a bundle's container, in the bundle.
    convenience init(of bundle: Bundle) throws { try self.init(bundle.path + "/manager.sock") }

    var variable: String { "NOTIFY_SOCKET=" + address }

    /// The next message, within the deadline. A descriptor that comes with it is closed, which lifts a barrier.
    func next() throws -> (text: String, hasDescriptor: Bool) {
        guard let message = receive(milliseconds: Int32(Command.deadline * 1000)) else { throw HarnessFailure("no notification") }
        return message
    }

    /// The messages that come until a command has ended.
    func messages(until command: RunningCommand) throws -> [String] {
        var texts: [String] = []
        while !command.hasEnded {
            if let message = receive(milliseconds: 20) { texts.append(message.text) }
        }
        return texts + arrived()
    }

    /// The messages that have arrived.
    func arrived() -> [String] {
        var texts: [String] = []
        while let message = receive(milliseconds: 0) { texts.append(message.text) }
        return texts
    }

    private func receive(milliseconds: Int32) -> (text: String, hasDescriptor: Bool)? {
        var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard retrying({ poll(&wanted, 1, milliseconds) }) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65536)
        var descriptor: Int32 = -1
        let count = h_receive(socket, &bytes, UInt(bytes.count), &descriptor)
        guard count >= 0 else { return nil }
        if descriptor >= 0 { close(descriptor) }
        return (String(decoding: bytes.prefix(count), as: UTF8.self), descriptor >= 0)
    }

    deinit { close(socket) }
}
