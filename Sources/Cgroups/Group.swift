import Bytes
import Errors
import Linux

/// The container's cgroup in one hierarchy.
final class Group {
    let version: Hierarchy.Version
    let subsystems: ByteString
    /// The controllers of a v1 hierarchy; empty for v2.
    let controllers: ControllerSet
    let mountPoint: ByteString
    let path: CgroupPath

    /// The number of the path's components that existed before. The remaining ones belong to the container.
    var existing: Int

    /// The hierarchy with its open root; nil for a group from a record.
    private let hierarchy: Hierarchy?

    private var leaf: CgroupDirectory?

    init(_ hierarchy: Hierarchy, path: CgroupPath) {
        version = hierarchy.version
        subsystems = hierarchy.subsystems
        controllers = hierarchy.controllers
        mountPoint = hierarchy.mountPoint
        self.path = path
        existing = path.components.count
        self.hierarchy = hierarchy
    }

    init(_ record: CgroupRecord.Group, path: CgroupPath) {
        version = record.subsystems.isEmpty ? .v2 : .v1
        subsystems = record.subsystems
        controllers = Hierarchy.controllers(of: record.subsystems)
        mountPoint = record.mountPoint
        self.path = path
        existing = record.existing
        hierarchy = nil
    }

    /// The absolute path of the directory of the first `count` components, or of all components if `count` is nil.
    func place(_ count: Int? = nil) -> ByteString {
        count == 0 ? mountPoint : mountPoint + "/" + path.prefix(count ?? path.components.count)
    }

    /// Refuses a path that is nearly as long as PATH_MAX. mkdirat(2) can make such a cgroup, but the files in it can't be
    /// named, and it can't be removed by its path.
    func refuseTooLong() throws(RuntimeError) {
        // The file with the longest name is one of hugetlb, such as "hugetlb.1048576kB.rsvd.max_usage_in_bytes".
        let limit = FileDescriptor.longestPath - 64
        let length = place().count
        guard length > limit else { return }
        throw RuntimeError(
            .invalidConfig,
            "the cgroup's directory would have a path of " + String(length) + " bytes, and only " + String(limit)
                + " leave room for the files in it",
            pointer: "/linux/cgroupsPath", hint: "choose a shorter path")
    }

    /// Calls `body` with the directory of the hierarchy's root.
    func withRoot<Result>(_ body: (borrowing FileDescriptor) throws(SystemError) -> Result) throws(SystemError) -> Result {
        if let hierarchy { return try body(hierarchy.root) }
        return try body(.open(mountPoint, flags: [.path, .directory]))
    }

    /// The cgroup's directory. It's opened once and kept open.
    func directory() throws(SystemError) -> CgroupDirectory {
        if let leaf { return leaf }
        let descriptor = try openLeaf()
        let opened = CgroupDirectory(path: place(), descriptor: descriptor)
        leaf = opened
        return opened
    }

    /// Opens the directory of the first `count` components.
    func ancestor(_ count: Int) throws(SystemError) -> CgroupDirectory {
        CgroupDirectory(
            path: place(count), descriptor: try open(count == 0 ? "." : path.prefix(count), flags: [.path, .directory]))
    }

    /// Opens a new descriptor for the cgroup's directory.
    func openLeaf() throws(SystemError) -> FileDescriptor { try open(path.relative, flags: [.path, .directory]) }

    /// Opens a file of the cgroup.
    func openFile(_ file: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try open(path.relative + "/" + file, flags: flags)
    }

    /// Opens a file or directory by its path below the hierarchy's root.
    func open(_ relative: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        if let hierarchy { return try hierarchy.root.openWithin(relative, flags: flags) }
        let root = try FileDescriptor.open(mountPoint, flags: [.path, .directory])
        return try root.openWithin(relative, flags: flags)
    }

    /// Closes the cgroup's directory. The next use opens it again.
    func forgetLeaf() { leaf = nil }
}
