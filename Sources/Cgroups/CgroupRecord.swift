public import Bytes

/// The part of a container's record about its cgroup. It tells where the cgroup is, and which directories deleting the
/// container must remove.
///
/// Every command reads the record, and on a host with cgroup v1 a cgroup has a dozen directories. So they're kept as one text,
/// and only a command that uses the directories takes it apart.
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
    public let path: ByteString

    /// The groups as one text: three words for each, such as "0 cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct", and "//" between two
    /// groups. Only the last word, the mount point, can have spaces, and no mount point has "//" in it.
    public let text: ByteString

    /// Makes a record with a directory for each hierarchy.
    public init(path: ByteString, groups: [Group]) {
        self.path = path
        text = groups.map { ByteString(decimal: $0.existing) + " " + $0.subsystems + " " + $0.mountPoint }.joined("//")
    }

    /// Makes a record again from its texts: nil if the text of the groups is damaged.
    public init?(path: ByteString, text: ByteString) {
        self.path = path
        self.text = text
        guard CgroupRecord.isEveryGroup(of: text, { _, _, _ in true }) else { return nil }
    }

    /// The directories, one for each hierarchy.
    public var groups: [Group] {
        var groups: [Group] = []
        _ = CgroupRecord.isEveryGroup(of: text) { existing, subsystems, mountPoint in
            groups.append(
                Group(
                    mountPoint: ByteString(copying: mountPoint), subsystems: ByteString(copying: subsystems), existing: existing))
            return true
        }
        return groups
    }

    /// The mount point of the v1 hierarchy that has this controller and no other; nil if there is none.
    func mountPoint(of controller: StaticString) -> ByteString? {
        var found: ByteString?
        _ = CgroupRecord.isEveryGroup(of: text) { _, subsystems, mountPoint in
            let isIt = controller.withUTF8Buffer { subsystems.equals($0) }
            if isIt { found = ByteString(copying: mountPoint) }
            return !isIt
        }
        return found
    }

    /// Whether the two cgroups have the same directory in any hierarchy.
    public func overlaps(_ other: CgroupRecord) -> Bool {
        path == other.path && groups.contains { group in other.groups.contains { $0.mountPoint == group.mountPoint } }
    }

    /// Whether `condition` holds for every group of the text. The first group for which it doesn't, or that is damaged, ends
    /// the search.
    @inline(never)
    private static func isEveryGroup(
        of text: ByteString,
        _ condition: (_ existing: Int, _ subsystems: UnsafeBufferPointer<UInt8>, _ mountPoint: UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        text.bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let first = place(of: UInt8(ascii: " "), in: bytes, from: start)
                let second = place(of: UInt8(ascii: " "), in: bytes, from: first + 1)
                let third = second + 1
                guard third + 1 < bytes.count, bytes[third] == UInt8(ascii: "/"), bytes[third + 1] != UInt8(ascii: "/"),
                    let existing = Int(decimal: UnsafeBufferPointer(rebasing: bytes[start..<first])), existing >= 0
                else { return false }
                var end = third + 1
                while end < bytes.count, bytes[end] != UInt8(ascii: "/") || bytes[end - 1] != UInt8(ascii: "/") { end += 1 }
                let isLast = end == bytes.count
                let subsystems = UnsafeBufferPointer(rebasing: bytes[(first + 1)..<second])
                let mountPoint = UnsafeBufferPointer(rebasing: bytes[third..<(isLast ? end : end - 1)])
                guard condition(existing, subsystems, mountPoint) else { return false }
                start = isLast ? end : end + 1
            }
            return true
        }
    }

    /// The place of the first such byte; the number of bytes, or more, if there is none.
    private static func place(of byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var place = start
        while place < bytes.count, bytes[place] != byte { place += 1 }
        return place
    }
}
