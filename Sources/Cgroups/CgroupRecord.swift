public import Bytes

/// The part of a container's record about its cgroup. It tells where the cgroup is, and which directories deleting the
/// container must remove.
///
/// Every command reads the record, and on a host with cgroup v1 a cgroup has a dozen directories. So they're kept as one text:
/// reading it is a check, and only a command that uses the directories copies them.
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
        let isWhole = text.bytes.withUnsafeBufferPointer { bytes in
            var reader = Reader(bytes)
            while reader.next() {}
            return reader.isAtEnd
        }
        guard isWhole else { return nil }
    }

    /// The directories, one for each hierarchy.
    public var groups: [Group] {
        text.bytes.withUnsafeBufferPointer { bytes in
            var groups: [Group] = []
            var reader = Reader(bytes)
            while reader.next() {
                groups.append(
                    Group(
                        mountPoint: ByteString(copying: reader.mountPoint), subsystems: ByteString(copying: reader.subsystems),
                        existing: reader.existing))
            }
            return groups
        }
    }

    /// The mount point of the v1 hierarchy that has this controller and no other; nil if there is none.
    func mountPoint(of controller: StaticString) -> ByteString? {
        text.bytes.withUnsafeBufferPointer { bytes in
            var reader = Reader(bytes)
            while reader.next() {
                if reader.subsystems.equals(controller) { return ByteString(copying: reader.mountPoint) }
            }
            return nil
        }
    }

    /// Whether the two cgroups have the same directory in any hierarchy.
    public func overlaps(_ other: CgroupRecord) -> Bool {
        path == other.path && groups.contains { group in other.groups.contains { $0.mountPoint == group.mountPoint } }
    }

    /// Reads the text of the groups.
    private struct Reader {
        private let bytes: UnsafeBufferPointer<UInt8>
        private var start = 0
        private(set) var existing = 0
        private(set) var subsystems: UnsafeBufferPointer<UInt8>
        private(set) var mountPoint: UnsafeBufferPointer<UInt8>

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
            subsystems = bytes
            mountPoint = bytes
        }

        var isAtEnd: Bool { start == bytes.count }

        /// Reads the next group.
        ///
        /// - Returns: false if there is none, or it's damaged.
        @inline(never)
        mutating func next() -> Bool {
            let first = place(of: UInt8(ascii: " "), from: start)
            let second = place(of: UInt8(ascii: " "), from: first + 1)
            let third = second + 1
            guard third + 1 < bytes.count, bytes[third] == UInt8(ascii: "/"), bytes[third + 1] != UInt8(ascii: "/"),
                let existing = Int(decimal: UnsafeBufferPointer(rebasing: bytes[start..<first])), existing >= 0
            else { return false }
            var end = third + 1
            while end < bytes.count, bytes[end] != UInt8(ascii: "/") || bytes[end - 1] != UInt8(ascii: "/") { end += 1 }
            let isLast = end == bytes.count
            self.existing = existing
            subsystems = UnsafeBufferPointer(rebasing: bytes[(first + 1)..<second])
            mountPoint = UnsafeBufferPointer(rebasing: bytes[third..<(isLast ? end : end - 1)])
            start = isLast ? end : end + 1
            return true
        }

        /// The place of the first such byte; the number of bytes, or more, if there is none.
        private func place(of byte: UInt8, from start: Int) -> Int {
            var place = start
            while place < bytes.count, bytes[place] != byte { place += 1 }
            return place
        }
    }
}
