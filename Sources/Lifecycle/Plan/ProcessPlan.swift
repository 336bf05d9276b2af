import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// A process that is going to run in a container: its first process, or one of `exec`.
struct ProcessPlan: Sendable {
    /// Arguments, user, limits and so on, as config.json or the options of `exec` give them.
    let spec: Process
    let capabilities: CapabilityPlan
    let personality: Personality?
    let filter: SeccompProgram?
    /// nil unless the filter notifies.
    let listener: ListenerPlan?
    /// The number of descriptors, from 3 upward, that the process keeps: the sockets of LISTEN_FDS (sd_listen_fds(3)), then
    /// those of `--preserve-fds`.
    let preservedDescriptors: Int
    /// How many of them are sockets of LISTEN_FDS.
    let listenDescriptors: Int
    let isInUserNamespace: Bool
}

extension ProcessPlan {
    /// Plans a process.
    ///
    /// - Parameters:
    ///   - spec: The process.
    ///   - linux: The rest of the configuration that concerns it.
    ///   - filter: The compiled seccomp filter, if there is one.
    ///   - descriptors: The number of descriptors that `--preserve-fds` keeps.
    ///   - sockets: The number of sockets of LISTEN_FDS.
    ///   - grantable: The runtime's own capabilities. In a user namespace the process can get all capabilities that exist,
    ///     regardless of these.
    ///   - isInUserNamespace: Whether the container has a user namespace, new or joined.
    ///   - warnings: Gets a sentence for each capability that is left out.
    init(
        _ spec: Process, _ linux: LinuxConfig, filter: SeccompProgram?, preserving descriptors: Int, listening sockets: Int,
        grantable: CapabilitySet, isInUserNamespace: Bool, warnings: inout [String]
    ) {
        self.spec = spec
        capabilities = CapabilityPlan(
            spec.capabilities, grantable: isInUserNamespace ? CapabilitySet(bits: .max) : grantable, warnings: &warnings)
        personality = linux.personality
        self.filter = filter
        listener = ListenerPlan(linux.seccomp)
        preservedDescriptors = descriptors + sockets
        listenDescriptors = sockets
        self.isInUserNamespace = isInUserNamespace
    }
}

/// The agent that answers the calls for which a filter has the action SCMP_ACT_NOTIFY: config-linux.md, "Seccomp".
struct ListenerPlan: Sendable {
    /// The agent's socket. nil if config.json has no `listenerPath`.
    let path: ByteString?
    let metadata: ByteString?

    /// Reads a seccomp profile: nil if it needs no agent.
    init?(_ profile: Seccomp?) {
        guard let profile, SeccompListener.isNeeded(by: profile) else { return nil }
        path = profile.listenerPath
        metadata = profile.listenerMetadata
    }
}
