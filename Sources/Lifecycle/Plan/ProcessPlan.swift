import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// A process that is going to run in a container: its first, or one that `exec` brings.
struct ProcessPlan: Sendable {
    /// Arguments, user, limits and the like, as config.json or `exec` have them.
    let spec: Process
    let capabilities: CapabilityPlan
    let personality: Personality?
    let filter: SeccompProgram?
    /// nil unless the filter notifies.
    let listener: ListenerPlan?
    /// Descriptors from 3 upward that the process keeps: those asked for and those of LISTEN_FDS, sd_listen_fds(3).
    let preservedDescriptors: Int
    let listenDescriptors: Int
    let isInUserNamespace: Bool
}

extension ProcessPlan {
    /// `grantable`: the capabilities that the runtime has. In a user namespace the process starts with every capability there is.
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
    /// nil where the configuration leaves it out.
    let path: ByteString?
    let metadata: ByteString?

    /// nil where no agent is needed.
    init?(_ profile: Seccomp?) {
        guard let profile, SeccompListener.isNeeded(by: profile) else { return nil }
        path = profile.listenerPath
        metadata = profile.listenerMetadata
    }
}
