public import Bytes

/// The part of a container's mount of type `cgroup` that shows one hierarchy.
public struct CgroupMountPoint: Sendable {
    public let version: Hierarchy.Version

    /// The name of the hierarchy's directory, the same as on the host: "cpu,cpuacct", "systemd" or "unified", for instance.
    public let name: ByteString

    /// The names of links to make beside the directory: "cpu" and "cpuacct" for "cpu,cpuacct".
    public let links: [ByteString]

    /// The options for mounting the hierarchy in a cgroup namespace: "cpu" and "cpuacct", or "none" and "name=systemd".
    public let options: [ByteString]

    /// The directory at which the host has the hierarchy.
    public let hierarchy: ByteString

    /// The directory of the container's cgroup on the host. Without a cgroup namespace, a bind mount shows it.
    public let directory: ByteString
}

extension Cgroup {
    /// The parts of the mount, one for each hierarchy. With cgroup v2 alone, the mount itself shows the hierarchy: the name of
    /// the only part is empty.
    public var mountPoints: [CgroupMountPoint] {
        groups.map { group in
            let named = group.subsystems.hasPrefix("name=")
            let subsystems = group.subsystems.isEmpty ? [] : group.subsystems.split(separator: UInt8(ascii: ","))
            let name = group.mountPoint.lastPart(separator: UInt8(ascii: "/"))
            return CgroupMountPoint(
                version: group.version, name: isUnified ? "" : name,
                links: named ? [] : subsystems.filter { $0 != name },
                options: named ? ["none"] + subsystems : subsystems, hierarchy: group.mountPoint, directory: group.place())
        }
    }
}
