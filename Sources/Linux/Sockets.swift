public import Bytes
import CLinux
public import Errors

extension FileDescriptor {
    /// Makes two connected sockets that preserve message boundaries. The corresponding C function is `socketpair`.
    public static func messagePair() throws(SystemError) -> (SharedDescriptor, SharedDescriptor) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, c_seqpacket, 0, &pair) == 0 else {
            throw .last("socketpair")
        }
        return (SharedDescriptor(FileDescriptor(adopting: pair[0])), SharedDescriptor(FileDescriptor(adopting: pair[1])))
    }

    /// Makes a pipe. The corresponding C function is `pipe2`.
    public static func pipe() throws(SystemError) -> (read: SharedDescriptor, write: SharedDescriptor) {
        var pair: [Int32] = [-1, -1]
        guard pipe2(&pair, O_CLOEXEC) == 0 else { throw .last("pipe2") }
        return (SharedDescriptor(FileDescriptor(adopting: pair[0])), SharedDescriptor(FileDescriptor(adopting: pair[1])))
    }

    /// Makes a listening socket, which preserves message boundaries, at `name` in a directory. Its address contains the
    /// directory's descriptor instead of the path: an address holds 108 bytes, and the path of a state root may be longer.
    public static func listen(name: ByteString, in directory: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_seqpacket, 0))
        guard descriptorPath(of: directory, name).withCString({ c_bind_unix(socket.rawValue, $0) }) == 0 else {
            throw .last("bind")
        }
        guard CLinux.listen(socket.rawValue, 1) == 0 else { throw .last("listen") }
        return socket
    }

    /// Connects to such a socket. If connecting, or later sending, takes more than `timeout` milliseconds, the call fails with
    /// EAGAIN.
    public static func connect(name: ByteString, in directory: borrowing FileDescriptor, timeout: Int) throws(SystemError)
        -> FileDescriptor
    {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_seqpacket, 0))
        guard c_set_send_timeout(socket.rawValue, timeout) == 0 else { throw .last("setsockopt") }
        guard descriptorPath(of: directory, name).withCString({ c_connect_unix(socket.rawValue, $0) }) == 0 else {
            throw .last("connect")
        }
        return socket
    }

    /// Connects to a stream socket at a path of any length. If connecting, or later sending, takes more than `timeout`
    /// milliseconds, the call fails with EAGAIN.
    public static func connectStream(to path: ByteString, timeout: Int) throws(SystemError) -> FileDescriptor {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_stream, 0))
        guard c_set_send_timeout(socket.rawValue, timeout) == 0 else { throw .last("setsockopt") }
        try socket.connect(to: path)
        return socket
    }

    /// Makes a socket that receives datagrams at `name` in a directory.
    public static func bindDatagrams(name: ByteString, in directory: borrowing FileDescriptor) throws(SystemError)
        -> FileDescriptor
    {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_datagram, 0))
        guard descriptorPath(of: directory, name).withCString({ c_bind_unix(socket.rawValue, $0) }) == 0 else {
            throw .last("bind")
        }
        return socket
    }

    /// Makes a socket that sends datagrams to a path of any length or, after a "@", to an abstract name. If the receiver has
    /// no room, sending fails with EAGAIN.
    public static func connectDatagrams(to address: ByteString) throws(SystemError) -> FileDescriptor {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_datagram, 0))
        socket.setNonBlocking()
        guard address.hasPrefix("@") else {
            try socket.connect(to: address)
            return socket
        }
        guard ByteString(address.bytes.dropFirst()).withCString({ c_connect_abstract(socket.rawValue, $0) }) == 0 else {
            throw .last("connect")
        }
        return socket
    }

    private borrowing func connect(to path: ByteString) throws(SystemError) {
        if path.count < 108 {
            guard path.withCString({ c_connect_unix(rawValue, $0) }) == 0 else { throw .last("connect") }
            return
        }
        let file = try FileDescriptor.open(path, flags: .path)
        guard ("/proc/self/fd/" + ByteString(decimal: file.rawValue)).withCString({ c_connect_unix(rawValue, $0) }) == 0 else {
            throw .last("connect")
        }
    }

    private static func descriptorPath(of directory: borrowing FileDescriptor, _ name: ByteString) -> ByteString {
        "/proc/self/fd/" + ByteString(decimal: directory.rawValue) + "/" + name
    }

    /// Waits for a connection and accepts it. The corresponding C function is `accept4`.
    public borrowing func accept() throws(SystemError) -> FileDescriptor {
        while true {
            let connection = c_accept(rawValue)
            if connection >= 0 { return FileDescriptor(adopting: connection) }
            if Errno.last != .EINTR && Errno.last != .ECONNABORTED { throw .last("accept4") }
        }
    }

    /// Sends one message, with descriptors. The corresponding C function is `sendmsg` or, without descriptors, `write`, which
    /// hardly any seccomp filter forbids.
    public borrowing func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemError) {
        while true {
            let count =
                descriptors.isEmpty
                ? CLinux.write(rawValue, bytes, bytes.count)
                : c_send(rawValue, bytes, UInt(bytes.count), descriptors, Int32(descriptors.count))
            if count == bytes.count { return }
            if count >= 0 { throw SystemError("sendmsg", errno: .EMSGSIZE) }
            if Errno.last != .EINTR { throw .last("sendmsg") }
        }
    }

    /// Sends as many bytes as a stream socket takes at once, with descriptors. The corresponding C function is `sendmsg`.
    ///
    /// - Parameters:
    ///   - bytes: what to send.
    ///   - descriptors: descriptors that the receiver gets with the first byte.
    /// - Returns: the number of bytes sent.
    /// - Throws: the error of `sendmsg`, except EINTR.
    public borrowing func sendPart(_ bytes: [UInt8], descriptors: [Int32]) throws(SystemError) -> Int {
        while true {
            let count = c_send(rawValue, bytes, UInt(bytes.count), descriptors, Int32(descriptors.count))
            if count >= 0 { return count }
            if Errno.last != .EINTR { throw .last("sendmsg") }
        }
    }

    /// Receives one message of at most `limit` bytes, and its descriptors. The message is empty at the end of the conversation.
    /// The corresponding C function is `recvmsg`.
    public borrowing func receive(limit: Int) throws(SystemError) -> (bytes: [UInt8], descriptors: [SharedDescriptor]) {
        var arrived: [Int32] = [Int32](repeating: -1, count: Int(c_most_descriptors))
        var count = Int32(arrived.count)
        var length = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            while let base = buffer.baseAddress {
                count = Int32(arrived.count)
                length = c_receive(rawValue, base, UInt(limit), &arrived, &count)
                if length >= 0 || Errno.last != .EINTR { break }
            }
            filled = max(length, 0)
        }
        guard length >= 0 else { throw .last("recvmsg") }
        return (bytes, arrived[..<Int(count)].map { SharedDescriptor(FileDescriptor(adopting: $0)) })
    }
}

extension FileDescriptor {
    /// The user id of the process at the other end of a socket (`SO_PEERCRED` of unix(7)); nil if the kernel doesn't tell.
    public borrowing func peerUser() -> UInt32? { UInt32(exactly: c_peer_user(rawValue)) }

    /// Shuts the connection down in both directions. The corresponding C function is `shutdown`.
    public borrowing func shutDown() { _ = shutdown(rawValue, Int32(SHUT_RDWR)) }
}
