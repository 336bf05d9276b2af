import Bytes
public import Errors
public import OCI

/// The agent that answers system calls with the action `SCMP_ACT_NOTIFY`. See config-linux.md, "Seccomp", `listenerPath`.
///
/// Init loads the filter, gets the listener, and passes it to Host on their socket with sendmsg(2), the one call that it makes
/// between loading and execve. Host, outside the filter, sends it on to the agent. From then on the agent can answer anything that
/// Init and the program call, execve included.
public enum SeccompListener {
    /// What Init calls under the filter before anybody listens.
    private static let handover: StaticString = "sendmsg"

    /// Whether loading the profile's filter yields a listener.
    public static func isNeeded(by profile: Seccomp) -> Bool {
        profile.defaultAction == .notify || profile.rules.contains { $0.action == .notify }
    }

    /// Refuses a profile whose listener couldn't reach the agent: there's no path to it, or Init's sendmsg would fail or wait for
    /// the very agent that doesn't know of it yet.
    public static func check(_ profile: Seccomp) throws(RuntimeError) {
        guard let path = profile.listenerPath, !path.isEmpty else {
            throw RuntimeError(
                .invalidConfig, "SCMP_ACT_NOTIFY needs the socket of an agent, and there's no listenerPath",
                pointer: "/linux/seccomp/listenerPath")
        }
        var permitted = profile.defaultAction.permits
        for (index, rule) in profile.rules.enumerated() where rule.names.contains(where: { $0 == handover }) {
            guard rule.action.permits else { throw refusal(pointer: "/linux/seccomp/syscalls/\(index)") }
            if rule.args.isEmpty { permitted = true }
        }
        guard permitted else { throw refusal(pointer: "/linux/seccomp/defaultAction") }
    }

    private static func refusal(pointer: String) -> RuntimeError {
        RuntimeError(
            .unsupported, "with SCMP_ACT_NOTIFY, the filter must allow sendmsg: it takes the listener to the agent",
            pointer: pointer)
    }
}

extension Seccomp.Action {
    /// The kernel does the call.
    fileprivate var permits: Bool { self == .allow || self == .log }
}
