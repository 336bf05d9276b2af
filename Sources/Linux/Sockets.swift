public import Bytes
import CLinux
public import Errors

extension FileDescriptor {
    /// Two connected sockets that keep messages apart. The corresponding C function is `socketpair`.
    public static func messagePair() throws(SystemError) -> (SharedDescriptor, SharedDescriptor) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, c_seqpacket, 0, &pair) == 0 else {
            throw .last("socketpair")
        }
        return (SharedDescriptor(FileDescriptor(adopting: pair[0])), SharedDescriptor(FileDescriptor(adopting: pair[1])))
    }

    /// The two ends of a pipe. The corresponding C function is `pipe2`.
    public static func pipe() throws(SystemError) -> (read: SharedDescriptor, write: SharedDescriptor) {
        var pair: [Int32] = [-1, -1]
        guard pipe2(&pair, O_CLOEXEC) == 0 else { throw .last("pipe2") }
        return (SharedDescriptor(FileDescriptor(adopting: pair[0])), SharedDescriptor(FileDescriptor(adopting: pair[1])))
    }

    /// A listening socket, one message at a time, at `name` in a directory. The directory goes by its descriptor: socket addresses
    /// hold 108 bytes, which a long state root would exceed.
    public static func listen(name: ByteString, in directory: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_seqpacket, 0))
        guard descriptorPath(of: directory, name).withCString({ c_bind_unix(socket.rawValue, $0) }) == 0 else {
            throw .last("bind")
        }
        guard CLinux.listen(socket.rawValue, 1) == 0 else { throw .last("listen") }
        return socket
    }

    /// Connects to such a socket. Where `timeout` milliseconds aren't enough for that, or later on for sending, it's EAGAIN.
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

    /// Connects to a stream socket by its path, of any length, on the host. Where `timeout` milliseconds aren't enough for that, or
    /// later on for sending, it's EAGAIN.
    public static func connectStream(to path: ByteString, timeout: Int) throws(SystemError) -> FileDescriptor {
        let socket = try checked("socket", CLinux.socket(AF_UNIX, c_stream, 0))
        guard c_set_send_timeout(socket.rawValue, timeout) == 0 else { throw .last("setsockopt") }
        if path.count < 108 {
            guard path.withCString({ c_connect_unix(socket.rawValue, $0) }) == 0 else { throw .last("connect") }
            return socket
        }
        let file = try FileDescriptor.open(path, flags: .path)
        guard ("/proc/self/fd/" + ByteString(decimal: file.rawValue)).withCString({ c_connect_unix(socket.rawValue, $0) }) == 0
        else { throw .last("connect") }
        return socket
    }

    private static func descriptorPath(of directory: borrowing FileDescriptor, _ name: ByteString) -> ByteString {
        "/proc/self/fd/" + ByteString(decimal: directory.rawValue) + "/" + name
    }

    /// Waits for whoever connects. The corresponding C function is `accept4`.
    public borrowing func accept() throws(SystemError) -> FileDescriptor {
        while true {
            let connection = c_accept(rawValue)
            if connection >= 0 { return FileDescriptor(adopting: connection) }
            if Errno.last != .EINTR && Errno.last != .ECONNABORTED { throw .last("accept4") }
        }
    }

    /// Sends one message, with descriptors. The corresponding C function is `sendmsg`; without descriptors it's `write`, which hardly
    /// any seccomp filter forbids.
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

    /// Sends on a stream socket, with descriptors, as much as it takes at once. The corresponding C function is `sendmsg`.
    ///
    /// - Returns: how many bytes that were.
    public borrowing func sendPart(_ bytes: [UInt8], descriptors: [Int32]) throws(SystemError) -> Int {
        while true {
            let count = c_send(rawValue, bytes, UInt(bytes.count), descriptors, Int32(descriptors.count))
            if count >= 0 { return count }
            if Errno.last != .EINTR { throw .last("sendmsg") }
        }
    }

    /// Takes one message and the descriptors that came with it: no bytes at all at the end.
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
    /// The user at the other end of a socket: nil where the kernel doesn't tell (`SO_PEERCRED` of unix(7)).
    public borrowing func peerUser() -> UInt32? { UInt32(exactly: c_peer_user(rawValue)) }

    /// Ends the conversation in both directions. The corresponding C function is `shutdown`.
    public borrowing func shutDown() { _ = shutdown(rawValue, Int32(SHUT_RDWR)) }
}
