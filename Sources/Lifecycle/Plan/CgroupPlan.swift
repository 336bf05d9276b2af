import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// The container's cgroup and what is written there.
struct CgroupPlan: Sendable {
    let host: CgroupHost
    let path: CgroupPath
    let access: Cgroup.Access
    let resources: ResourcePlan
    /// The user of the host who gets the cgroup's files, so that the container's root can make cgroups in it: config-linux.md, "Cgroup
    /// ownership". nil where it stays the runtime's.
    let owner: UInt32?

    var isUnified: Bool { host.layout == .unified }

    init(
        _ linux: LinuxConfig, id: ByteString, owner: UInt32?, _ facts: HostFacts.Cgroups
    ) throws(RuntimeError) {
        host = facts.host
        path = try CgroupPath(linux.cgroupsPath, id: id, base: facts.base)
        try host.refuseTooLong(path)
        access = facts.access
        // In a user namespace nobody can make devices, and no rules can be set.
        resources = try ResourcePlan(
            linux.resources, locations: facts.controllers, access: access, devices: access == .required)
        self.owner = owner
    }
}
