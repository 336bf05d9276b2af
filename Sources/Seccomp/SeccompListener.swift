public import Bytes
public import Errors
public import Linux
public import OCI

/// Passes the listener of a filter to the agent, which answers system calls with the action `SCMP_ACT_NOTIFY`. See
/// config-linux.md, "Seccomp", `listenerPath`.
///
/// Init loads the filter, gets the listener, and passes it to Host on their socket with sendmsg(2). If the filter doesn't
/// simply permit sendmsg, Host takes the listener with pidfd_getfd(2). Host isn't under the filter and sends the listener on to
/// the agent. Meanwhile Init waits in read(2). Apart from sendmsg, this is Init's only system call between loading the filter
/// and execve. As soon as the agent has the listener, it can answer every call of Init and of the program, including this read
/// and execve.
public enum SeccompListener {
    /// Whether loading the profile's filter yields a listener.
    public static func isNeeded(by profile: Seccomp) -> Bool {
        profile.defaultAction == .notify || profile.rules.contains { $0.action == .notify }
    }

    /// Refuses a profile whose filter would keep Init from waiting for the agent.
    ///
    /// - Parameter profile: a profile that needs a listener.
    /// - Throws: `unsupported` with the JSON pointer of the rule or default action that refuses read(2).
    public static func check(_ profile: Seccomp) throws(RuntimeError) {
        var isPermitted = profile.defaultAction.permits
        for (index, rule) in profile.rules.enumerated() where rule.names.contains(where: { $0 == "read" }) {
            // The agent can answer this read.
            if rule.action == .notify { return }
            guard rule.action.permits else { throw refusal(pointer: "/linux/seccomp/syscalls/" + String(index)) }
            if rule.args.isEmpty { isPermitted = true }
        }
        guard isPermitted else { throw refusal(pointer: "/linux/seccomp/defaultAction") }
    }

    /// Sends a listener and the container's state to an agent, on a new connection.
    ///
    /// - Parameters:
    ///   - listener: the listener.
    ///   - path: the agent's socket.
    ///   - process: the message for the agent.
    ///   - patience: the milliseconds that the agent has to accept the connection, and again to make room for the message.
    /// - Throws: `timeout` if the agent takes longer, `seccomp` for any other failure.
    public static func send(
        _ listener: borrowing FileDescriptor, to path: ByteString, _ process: ContainerProcessState, patience: Int = 10_000
    ) throws(RuntimeError) {
        let descriptor = listener.rawValue
        do throws(SystemError) {
            let agent = try FileDescriptor.connectStream(to: path, timeout: patience)
            try send(process.json, with: descriptor, on: agent)
        } catch {
            guard error.errno != .EAGAIN else {
                throw RuntimeError(
                    .timeout,
                    "the seccomp agent at \"" + path.displayText + "\" didn't take the listener within " + String(patience)
                        + " ms",
                    pointer: "/linux/seccomp/listenerPath", path: path, call: error.call, errno: nil)
            }
            throw RuntimeError(
                .seccomp, "can't send the listener to the seccomp agent at \"" + path.displayText + "\"", error,
                pointer: "/linux/seccomp/listenerPath", path: path,
                hint: "SCMP_ACT_NOTIFY needs an agent that listens there, on a stream socket")
        }
    }

    /// Sends the message, with the descriptor attached to its first bytes, as the specification demands.
    private static func send(_ bytes: [UInt8], with descriptor: Int32, on agent: borrowing FileDescriptor) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            sent += try agent.sendPart(Array(bytes[sent...]), descriptors: sent == 0 ? [descriptor] : [])
        }
    }

    private static func refusal(pointer: String) -> RuntimeError {
        RuntimeError(
            .unsupported,
            "with SCMP_ACT_NOTIFY, the filter must allow read or notify of it: the process waits in it for the agent",
            pointer: pointer)
    }
}

extension Seccomp.Action {
    /// Whether the kernel makes the call.
    fileprivate var permits: Bool { self == .allow || self == .log }
}
