import Bytes
import Cgroups
import Linux

/// Properties of the host that the plan depends on, besides config.json and the command's options.
struct HostFacts {
    /// The runtime's own permitted capabilities. It can't grant others.
    let capabilities: CapabilitySet
    /// Whether the runtime's effective user is root, on the host or in a user namespace.
    let isRoot: Bool
    /// The SELinux labels of config.json, in the kernel's form. `mounts` is nil, too, if SELinux isn't enabled.
    let labels: (process: ByteString?, mounts: MountLabel?)
    /// nil if `--cgroup-manager disabled` asks for no cgroup.
    let cgroups: Cgroups?

    /// The host's cgroup hierarchies, and what the runtime may do there.
    struct Cgroups {
        let host: CgroupHost
        let controllers: ControllerLocations
        /// Whether it's an error if the runtime has no right to make cgroups.
        let access: Cgroup.Access
        /// The directory, from the hierarchy's root, in which the cgroup is made if config.json has no `cgroupsPath`.
        let base: ByteString
        /// The host's device drivers, for the properties of a unit: nil unless systemd makes the cgroup.
        let drivers: DeviceDrivers?
    }
}
