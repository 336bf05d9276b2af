import Bytes
public import Errors
public import Linux

/// The open `tasks` files of a container's v1 cgroups, for a process that moves itself into them.
///
/// A pid written to cgroup.procs takes a lock over all processes of the system and waits for an RCU grace period, 5 to 19 ms. A
/// single thread that writes "0", itself, to `tasks` takes no such lock.
public final class CgroupTasks {
    private var files: [(tasks: SharedDescriptor, directory: ByteString)] = []

    init() {}

    func add(_ file: consuming FileDescriptor, directory: ByteString) { files.append((SharedDescriptor(file), directory)) }

    public var isEmpty: Bool { files.isEmpty }

    /// Moves the calling thread, which must be its process' only one. The files stay open.
    public func enter() throws(RuntimeError) { try move(0) }

    /// Moves a process that has one thread; 0 is the calling one.
    func move(_ pid: Int32) throws(RuntimeError) {
        let text = ByteString(decimal: pid).bytes
        for file in files {
            try explaining(.cgroup, "can't enter the cgroup", path: file.directory + "/tasks", file.tasks.file.writeAll(text))
        }
    }

    public func closeFiles() { files = [] }

    /// The descriptors, for whoever counts what a process has open.
    public var descriptors: [Int32] { files.map { $0.tasks.rawValue } }
}

extension Cgroup {
    /// The v1 cgroups' `tasks` files, to be opened by Host and used by the process that goes in. Empty on a v2 host.
    public func openTasks() throws(RuntimeError) -> CgroupTasks {
        let tasks = CgroupTasks()
        for group in groups where group.version == .v1 {
            let file = try explaining(
                .cgroup, "can't open the cgroup", path: group.place() + "/tasks", group.openFile("tasks", flags: .writeOnly))
            tasks.add(file, directory: group.place())
        }
        return tasks
    }

    /// The directory for clone3's `CLONE_INTO_CGROUP`: the v2 hierarchy's, on a hybrid host too. Nil where there is none.
    public func directoryForClone() throws(RuntimeError) -> FileDescriptor? {
        guard let group = groups.first(where: { $0.version == .v2 }) else { return nil }
        return try explaining(.cgroup, "can't open the cgroup", path: group.place(), group.openLeaf())
    }

    /// The same, to be kept over several calls.
    public func sharedDirectoryForClone() throws(RuntimeError) -> SharedDescriptor? {
        guard let directory = try directoryForClone() else { return nil }
        return SharedDescriptor(directory)
    }
}
