import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Systemd

/// The container's cgroup, and the limits that are written to it.
struct CgroupPlan: Sendable {
    let host: CgroupHost
    /// The path of the cgroup. With a unit, systemd says where it is once the unit is started.
    let path: CgroupPath
    /// The unit of systemd's that has the cgroup: nil if wherry makes the cgroup itself.
    let unit: UnitPlan?
    let access: Cgroup.Access
    let resources: ResourcePlan
    /// The host's id of the user who gets to own the cgroup, so that the container can make cgroups in it: config-linux.md,
    /// "Cgroup ownership". nil if the cgroup stays the runtime's.
    let owner: UInt32?
    /// The cgroup below the container's that its first process gets; nil if the process stays in the container's.
    let payload: CgroupSubpath?

    var isUnified: Bool { host.layout == .unified }

    /// Decides path and limits. Throws what can't be had on this host.
    init(_ config: Config, id: ByteString, owner: UInt32?, _ facts: HostFacts.Cgroups) throws(RuntimeError) {
        let linux = config.linux
        host = facts.host
        access = facts.access
        // A rootless runtime leaves device rules out. Root of a user namespace can neither set them nor make devices.
        resources = try ResourcePlan(
            linux.resources, locations: facts.controllers, access: access, devices: access == .required)
        self.owner = owner
        payload = try CgroupAnnotations.subpath(CgroupAnnotations.payload, in: config.annotations)
        if payload != nil, facts.host.layout != .unified {
            throw RuntimeError(
                .unsupported, "cgroups can be left to a container only on a host with cgroup v2 alone",
                pointer: "/annotations/run.oci.delegate-cgroup", hint: "remove the annotation")
        }
        let isRootless = access == .optional
        if let drivers = facts.drivers {
            let unit = try UnitPlan(config, id: id, isRootless: isRootless, resources, drivers)
            self.unit = unit
            path = unit.cgroup(below: try CgroupPath(text: unit.placement.cgroupPath))
        } else {
            unit = nil
            path = try CgroupPath(linux.cgroupsPath, id: id, base: facts.base)
        }
        try host.refuseTooLong(path)
    }
}
