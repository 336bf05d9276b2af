import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// The container's cgroup, and the limits that are written to it.
struct CgroupPlan: Sendable {
    let host: CgroupHost
    let path: CgroupPath
    let access: Cgroup.Access
    let resources: ResourcePlan
    /// The host's id of the user who gets to own the cgroup, so that the container can make cgroups in it: config-linux.md,
    /// "Cgroup ownership". nil if the cgroup stays the runtime's.
    let owner: UInt32?

    var isUnified: Bool { host.layout == .unified }

    /// Decides path and limits. Throws what can't be had on this host.
    init(
        _ linux: LinuxConfig, id: ByteString, owner: UInt32?, _ facts: HostFacts.Cgroups
    ) throws(RuntimeError) {
        host = facts.host
        path = try CgroupPath(linux.cgroupsPath, id: id, base: facts.base)
        try host.refuseTooLong(path)
        access = facts.access
        // A rootless runtime leaves device rules out. Root of a user namespace can neither set them nor make devices.
        resources = try ResourcePlan(
            linux.resources, locations: facts.controllers, access: access, devices: access == .required)
        self.owner = owner
    }
}
