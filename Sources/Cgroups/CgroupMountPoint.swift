public import Bytes

/// What a container's mount of type `cgroup` has to show of one hierarchy.
public struct CgroupMountPoint: Sendable {
    public let version: Hierarchy.Version

    /// The directory's name below the mount: the host's, such as "cpu,cpuacct", "systemd" or "unified".
    public let name: ByteString

    /// Links to be made beside it: "cpu" and "cpuacct" to "cpu,cpuacct". Empty where the name says it all.
    public let links: [ByteString]

    /// The options of a mount of the hierarchy of its own, in a cgroup namespace: "cpu", "cpuacct"; "none", "name=systemd".
    public let options: [ByteString]

    /// The container's cgroup on the host: what is shown, by a bind mount, where there is no cgroup namespace.
    public let directory: ByteString
}

extension Cgroup {
    /// One for each hierarchy, in the order of /proc/self/cgroup. A v2 host has one, without a directory between: its name is empty.
    public var mountPoints: [CgroupMountPoint] {
        groups.map { group in
            let named = group.subsystems.hasPrefix("name=")
            let subsystems = group.subsystems.isEmpty ? [] : group.subsystems.split(separator: UInt8(ascii: ","))
            let name = group.mountPoint.split(separator: UInt8(ascii: "/")).last ?? ""
            return CgroupMountPoint(
                version: group.version, name: isUnified ? "" : name,
                links: named ? [] : subsystems.filter { $0 != name },
                options: named ? ["none"] + subsystems : subsystems, directory: group.place())
        }
    }
}
