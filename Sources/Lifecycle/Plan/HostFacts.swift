import Bytes
import Cgroups
import Linux

/// What the plan depends on besides the configuration and the request.
struct HostFacts {
    /// What the runtime has itself, and so can give.
    let capabilities: CapabilitySet
    let isRoot: Bool
    /// nil where `--cgroup-manager disabled` asks for no cgroup.
    let cgroups: Cgroups?

    struct Cgroups {
        let host: CgroupHost
        let controllers: ControllerLocations
        /// Whether missing rights on cgroups are no error.
        let access: Cgroup.Access
        /// Where a cgroup goes whose path the configuration leaves open.
        let base: ByteString
    }
}
