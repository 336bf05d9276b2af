public import Bytes

/// The part of a container's record about its cgroup. It tells where the cgroup is, and which directories deleting the
/// container must remove.
public struct CgroupRecord: Equatable, Sendable {
    /// The directory of the cgroup in one hierarchy.
    public struct Group: Equatable, Sendable {
        /// The absolute path at which the hierarchy is mounted.
        public var mountPoint: ByteString
        /// "cpu,cpuacct" or "name=systemd", for instance; empty for cgroup v2.
        public var subsystems: ByteString
        /// The number of the path's components that existed before the container. The others are removed with the container.
        public var existing: Int

        /// Makes the record of one directory.
        public init(mountPoint: ByteString, subsystems: ByteString, existing: Int) {
            self.mountPoint = mountPoint
            self.subsystems = subsystems
            self.existing = existing
        }
    }

    /// The path relative to each mount point.
    public var path: ByteString
    /// The directories, one for each hierarchy.
    public var groups: [Group]

    /// Makes a record.
    public init(path: ByteString, groups: [Group]) {
        self.path = path
        self.groups = groups
    }

    /// Whether the two cgroups have the same directory in any hierarchy.
    public func overlaps(_ other: CgroupRecord) -> Bool {
        path == other.path && groups.contains { group in other.groups.contains { $0.mountPoint == group.mountPoint } }
    }
}
