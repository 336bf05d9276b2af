public import Bytes

/// What the state record keeps of a container's cgroup: enough to find it again, and to remove what was made and no more.
public struct CgroupRecord: Equatable, Sendable {
    public struct Group: Equatable, Sendable {
        /// Where the hierarchy is mounted.
        public var mountPoint: ByteString
        /// "cpu,cpuacct", "name=systemd"; empty for cgroup v2.
        public var subsystems: ByteString
        /// How many of the path's components stood before: the others are the container's and go with it.
        public var existing: Int

        public init(mountPoint: ByteString, subsystems: ByteString, existing: Int) {
            self.mountPoint = mountPoint
            self.subsystems = subsystems
            self.existing = existing
        }
    }

    /// Below each mount point, without "/" at its start.
    public var path: ByteString
    public var groups: [Group]

    public init(path: ByteString, groups: [Group]) {
        self.path = path
        self.groups = groups
    }

    /// Whether both have a directory in common.
    public func overlaps(_ other: CgroupRecord) -> Bool {
        path == other.path && groups.contains { group in other.groups.contains { $0.mountPoint == group.mountPoint } }
    }
}
