import Bytes
import Errors
import Linux

/// The container's cgroup in one hierarchy.
final class Group {
    let version: Hierarchy.Version
    let subsystems: ByteString
    /// Those of a v1 hierarchy.
    let controllers: ControllerSet
    let mountPoint: ByteString
    let path: CgroupPath

    /// How many components of the path were there before: what comes after them is the container's own.
    var existing: Int

    /// The hierarchy's root, where it has been opened already.
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

    /// The absolute directory of the first `count` components; all of them when nil.
    func place(_ count: Int? = nil) -> ByteString {
        count == 0 ? mountPoint : mountPoint + "/" + path.prefix(count ?? path.components.count)
    }

    /// A path of nearly PATH_MAX could be made by mkdirat(2), but nothing below it could be named any more, nor the cgroup removed.
    func refuseTooLong() throws(RuntimeError) {
        // The longest file's name is hugetlb's, "hugetlb.1048576kB.rsvd.max_usage_in_bytes" with a larger page size.
        let limit = FileDescriptor.longestPath - 64
        let length = place().count
        guard length > limit else { return }
        throw RuntimeError(
            .invalidConfig,
            "the cgroup's directory would have a path of " + String(length) + " bytes, and only " + String(limit)
                + " leave room for the files in it",
            pointer: "/linux/cgroupsPath", hint: "choose a shorter path")
    }

    /// Does `body` with the directory of the hierarchy's root.
    func withRoot<Result>(_ body: (borrowing FileDescriptor) throws(SystemError) -> Result) throws(SystemError) -> Result {
        if let hierarchy { return try body(hierarchy.root) }
        return try body(.open(mountPoint, flags: [.path, .directory]))
    }

    /// The cgroup itself, opened once.
    func directory() throws(SystemError) -> CgroupDirectory {
        if let leaf { return leaf }
        let descriptor = try openLeaf()
        let opened = CgroupDirectory(path: place(), descriptor: descriptor)
        leaf = opened
        return opened
    }

    /// A directory on the way to the cgroup.
    func ancestor(_ count: Int) throws(SystemError) -> CgroupDirectory {
        CgroupDirectory(
            path: place(count), descriptor: try open(count == 0 ? "." : path.prefix(count), flags: [.path, .directory]))
    }

    /// A descriptor of the cgroup's directory for its own.
    func openLeaf() throws(SystemError) -> FileDescriptor { try open(path.relative, flags: [.path, .directory]) }

    /// Opens a file of the cgroup.
    func openFile(_ file: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        try open(path.relative + "/" + file, flags: flags)
    }

    private func open(_ relative: ByteString, flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        if let hierarchy { return try hierarchy.root.openWithin(relative, flags: flags) }
        let root = try FileDescriptor.open(mountPoint, flags: [.path, .directory])
        return try root.openWithin(relative, flags: flags)
    }

    func forgetLeaf() { leaf = nil }
}
