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
    let memoryPolicy: MemoryPolicy?
    let filter: SeccompProgram?
    /// nil unless the filter notifies.
    let listener: ListenerPlan?
    /// The number of descriptors, from 3 upward, that the process keeps: the sockets of LISTEN_FDS (sd_listen_fds(3)), then
    /// those of `--preserve-fds`.
    let preservedDescriptors: Int
    /// How many of them are sockets of LISTEN_FDS.
    let listenDescriptors: Int
    let isInUserNamespace: Bool
    /// Whether the process keeps the caller's supplementary groups instead of getting those of `additionalGids`.
    let keepsGroups: Bool

    /// crun's annotation, with which `podman run --group-add keep-groups` gives a container access to files of the caller's
    /// groups: a user can't map these groups. As in crun, each value but 0 asks for it.
    private static let keepingGroups: ByteString = "run.oci.keep_original_groups"
}

extension ProcessPlan {
    /// Plans a process.
    ///
    /// - Parameters:
    ///   - spec: The process.
    ///   - config: The container's configuration.
    ///   - filter: The compiled seccomp filter, if there is one.
    ///   - descriptors: The number of descriptors that `--preserve-fds` keeps.
    ///   - sockets: The number of sockets of LISTEN_FDS.
    ///   - grantable: The runtime's own capabilities. In a user namespace the process can get all capabilities that exist,
    ///     regardless of these.
    ///   - isInUserNamespace: Whether the container has a user namespace, new or joined.
    ///   - warnings: Gets a sentence for each capability that is left out.
    init(
        _ spec: Process, _ config: Config, filter: SeccompProgram?, preserving descriptors: Int, listening sockets: Int,
        grantable: CapabilitySet, isInUserNamespace: Bool, warnings: inout [String]
    ) {
        self.spec = spec
        capabilities = CapabilityPlan(
            spec.capabilities, grantable: isInUserNamespace ? CapabilitySet(bits: .max) : grantable, warnings: &warnings)
        personality = config.linux.personality
        memoryPolicy = config.linux.memoryPolicy
        self.filter = filter
        listener = ListenerPlan(config.linux.seccomp)
        preservedDescriptors = descriptors + sockets
        listenDescriptors = sockets
        self.isInUserNamespace = isInUserNamespace
        keepsGroups = config.annotations.contains { $0.key == ProcessPlan.keepingGroups && $0.value != "0" }
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
