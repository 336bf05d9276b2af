public import Bytes
public import Errors
public import Linux
public import OCI

/// The agent that answers system calls with the action `SCMP_ACT_NOTIFY`. See config-linux.md, "Seccomp", `listenerPath`.
///
/// Init loads the filter, gets the listener, and passes it to Host on their socket with sendmsg(2). Where the filter doesn't simply permit
/// that call, Host takes the listener by pidfd_getfd(2). Host, outside the filter, sends it on to the agent, and Init waits for that in
/// read(2): the only call besides sendmsg that it makes between loading and execve. From the moment that the agent has the listener, it
/// can answer anything that Init and the program call, that read and execve included.
public enum SeccompListener {
    /// Whether loading the profile's filter yields a listener.
    public static func isNeeded(by profile: Seccomp) -> Bool {
        profile.defaultAction == .notify || profile.rules.contains { $0.action == .notify }
    }

    /// Refuses a profile whose filter wouldn't let Init wait for its agent.
    public static func check(_ profile: Seccomp) throws(RuntimeError) {
        var isPermitted = profile.defaultAction.permits
        for (index, rule) in profile.rules.enumerated() where rule.names.contains(where: { $0 == "read" }) {
            // The agent answers that one, too.
            if rule.action == .notify { return }
            guard rule.action.permits else { throw refusal(pointer: "/linux/seccomp/syscalls/" + String(index)) }
            if rule.args.isEmpty { isPermitted = true }
        }
        guard isPermitted else { throw refusal(pointer: "/linux/seccomp/defaultAction") }
    }

    /// Sends a listener to the agent at `path`, on a connection of its own, with what the agent is to know of the container. The agent
    /// has `patience` milliseconds to accept the connection, and then to make room for the message.
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

    /// The descriptor goes with the first bytes, as the specification has it.
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
    /// The kernel does the call.
    fileprivate var permits: Bool { self == .allow || self == .log }
}
