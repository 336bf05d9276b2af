import Bytes
import CLinux
public import Errors

/// A connection to the kernel about the network devices and addresses of one network namespace: rtnetlink(7). It stays in the
/// namespace in which it was made.
///
/// Errors carry the name of the request, such as `RTM_NEWLINK`, in place of a system call's.
public final class RouteSocket {
    /// The kernel sends at most this much at once: net/netlink/af_netlink.c, netlink_dump.
    private static let largestPart = 32768

    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    /// Connects in the caller's network namespace. The corresponding C function is `socket`.
    public init() throws(SystemError) { socket = try .checked("socket", c_route_socket()) }

    /// Connects in another network namespace, to which the caller goes for a moment. The corresponding C functions are `setns`
    /// and `socket`.
    ///
    /// - Parameters:
    ///   - namespace: The other namespace.
    ///   - home: The caller's own namespace.
    /// - Returns: The connection.
    /// - Throws: The error of the call that failed.
    public static func connected(in namespace: borrowing FileDescriptor, returningTo home: borrowing FileDescriptor)
        throws(SystemError) -> RouteSocket
    {
        try namespace.enterNamespace(.network)
        do throws(SystemError) {
            let socket = try RouteSocket()
            try home.enterNamespace(.network)
            return socket
        } catch {
            try? home.enterNamespace(.network)
            throw error
        }
    }

    /// Sends a request and waits for the end of the answer.
    ///
    /// - Parameter request: The request.
    /// - Returns: The messages of the answer.
    /// - Throws: The error that the kernel answers.
    func ask(_ request: RouteMessage) throws(SystemError) -> [RouteAnswer] {
        var answers: [RouteAnswer] = []
        // A list that changed while it was told may lack an object: then it's asked for again. In a namespace that never comes
        // to rest, the last list has to do.
        for _ in 0..<10 {
            answers = try askOnce(request)
            if !answers.contains(where: { $0.flags.contains(.interrupted) }) { break }
        }
        return answers
    }

    private func askOnce(_ request: RouteMessage) throws(SystemError) -> [RouteAnswer] {
        sequence += 1
        try socket.send(request.numbered(sequence))
        var answers: [RouteAnswer] = []
        while true {
            for answer in RouteAnswer.all(in: try receive()) where answer.sequence == sequence {
                switch answer.kind {
                case RouteMessage.Kind.error, RouteMessage.Kind.done:
                    let number: Int32 = answer.body.number(at: 0) ?? 0
                    guard number >= 0 else { throw SystemError(request.name, errno: Errno(rawValue: -number)) }
                    return answers
                default: answers.append(answer)
                }
            }
        }
    }

    /// Receives messages from the kernel. In a namespace that was joined, other processes may send to this socket, too: what
    /// doesn't come from the kernel is dropped.
    private func receive() throws(SystemError) -> [UInt8] {
        var length = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: RouteSocket.largestPart) { buffer, filled in
            while let base = buffer.baseAddress {
                length = c_receive_from_kernel(socket.rawValue, base, UInt(RouteSocket.largestPart))
                if length > 0 || length < 0 && Errno.last != .EINTR { break }
            }
            filled = max(length, 0)
        }
        guard length >= 0 else { throw .last("recvfrom") }
        return bytes
    }
}
