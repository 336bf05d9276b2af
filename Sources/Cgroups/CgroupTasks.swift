import Bytes
public import Errors
public import Linux

/// The open `tasks` files of a container's v1 cgroups, for a process that moves itself into them.
///
/// Writing a pid to cgroup.procs takes a lock for all processes of the system and waits for an RCU grace period, 5 to 19 ms. A
/// thread that writes "0", which stands for itself, to `tasks` doesn't take this lock.
public final class CgroupTasks {
    private var files: [(file: SharedDescriptor, path: ByteString)] = []

    /// No files.
    public init() {}

    /// The files of a cgroup that another process has opened: see `Cgroup.openTasks`.
    ///
    /// - Parameters:
    ///   - files: the files, in the order of `descriptors`.
    ///   - cgroup: the cgroup.
    ///   - withUnified: the same as for `openTasks`.
    public init(_ files: [SharedDescriptor], of cgroup: Cgroup, withUnified: Bool) {
        let names = cgroup.entries(withUnified: withUnified).map { $0.group.place() + "/" + $0.file }
        // The names are for errors only: no file is left out because of them.
        for (index, file) in files.enumerated() {
            self.files.append((file, index < names.count ? names[index] : cgroup.path.relative))
        }
    }

    func add(_ file: consuming FileDescriptor, path: ByteString) { files.append((SharedDescriptor(file), path)) }

    /// Whether there are no v1 cgroups.
    public var isEmpty: Bool { files.isEmpty }

    /// Moves the calling thread into the cgroups. It must be the only thread of its process. The files stay open.
    public func enter() throws(RuntimeError) { try move(0) }

    /// Moves a process that has a single thread; 0 stands for the calling process.
    func move(_ pid: Int32) throws(RuntimeError) {
        let text = ByteString(decimal: pid).bytes
        for (file, path) in files {
            try explaining(.cgroup, "can't enter the cgroup", path: path, file.file.writeAll(text))
        }
    }

    /// Closes the files before this value goes away.
    public func closeFiles() { DescriptorClosing.together { files = [] } }

    /// The numbers of the open descriptors.
    public var descriptors: [Int32] { files.map { $0.file.rawValue } }
}

extension Cgroup {
    /// Opens the `tasks` files of the v1 cgroups, which the new process will use. On a host with cgroup v2 alone there are
    /// none.
    ///
    /// - Parameter withUnified: Whether the process also needs cgroup.procs of the v2 cgroup beside v1, because it isn't cloned
    ///   into it.
    /// - Returns: The open files.
    /// - Throws: `cgroup` if a file can't be opened.
    public func openTasks(withUnified: Bool = false) throws(RuntimeError) -> CgroupTasks {
        let tasks = CgroupTasks()
        for (group, file) in entries(withUnified: withUnified) {
            let path = group.place() + "/" + file
            let opened = try explaining(.cgroup, "can't open the cgroup", path: path, group.openFile(file, flags: .writeOnly))
            tasks.add(opened, path: path)
        }
        return tasks
    }

    /// The files by which a process enters the cgroup.
    func entries(withUnified: Bool) -> [(group: Group, file: ByteString)] {
        var entries: [(group: Group, file: ByteString)] = []
        for group in groups {
            if group.version == .v1 {
                entries.append((group, "tasks"))
            } else if withUnified && !isUnified {
                entries.append((group, "cgroup.procs"))
            }
        }
        return entries
    }

    /// Opens the v2 cgroup for `CLONE_INTO_CGROUP` of clone3(2); nil if there is no v2 hierarchy.
    public func directoryForClone() throws(RuntimeError) -> FileDescriptor? {
        guard let group = groups.first(where: { $0.version == .v2 }) else { return nil }
        return try explaining(.cgroup, "can't open the cgroup", path: group.place(), group.openLeaf())
    }

    /// The result of `directoryForClone` as a descriptor that several values can share.
    public func sharedDirectoryForClone() throws(RuntimeError) -> SharedDescriptor? {
        guard let directory = try directoryForClone() else { return nil }
        return SharedDescriptor(directory)
    }
}
