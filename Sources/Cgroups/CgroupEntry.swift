public import Bytes
public import Errors
public import Linux

/// How one more process gets into a container's cgroups: `exec`.
public struct CgroupEntry: ~Copyable {
    /// For the process itself, on v1.
    public let tasks: CgroupTasks

    /// For clone3's `CLONE_INTO_CGROUP`. Nil where there is no v2 hierarchy.
    public let directory: FileDescriptor?

    /// The directory's number, for a call that takes it at once.
    public var directoryNumber: Int32? {
        switch directory {
        case .some(let directory): directory.rawValue
        case nil: nil
        }
    }
}

extension Cgroup {
    /// Opens the container's cgroups, or cgroups below them: `--cgroup [CONTROLLER[,CONTROLLER]:]PATH`. A path is taken from the
    /// container's cgroup on, and can't lead out of it; the cgroup has to exist.
    public func openEntry(_ options: [ByteString] = []) throws(RuntimeError) -> CgroupEntry {
        let choices = try options.map { option throws(RuntimeError) in try SubgroupChoice(option) }
        for choice in choices {
            for name in choice.subsystems where !groups.contains(where: { $0.isCalled(name) }) {
                throw RuntimeError(.usage, "the container has no cgroup of the controller " + name.quoted)
            }
        }
        let tasks = CgroupTasks()
        var directory: FileDescriptor? = nil
        for group in groups {
            let choice = choices.last { $0.subsystems.contains { group.isCalled($0) } } ?? choices.last { $0.subsystems.isEmpty }
            let path = choice?.path ?? ""
            let shown = path.isEmpty ? group.place() : group.place() + "/" + path
            switch group.version {
            case .v1:
                let file = try explaining(
                    .cgroup, "can't open the cgroup", path: shown + "/tasks",
                    group.openFile(path.isEmpty ? "tasks" : path + "/tasks", flags: .writeOnly))
                tasks.add(file, directory: shown)
            case .v2:
                directory = try explaining(
                    .cgroup, "can't open the cgroup", path: shown,
                    path.isEmpty ? try group.openLeaf() : try group.openFile(path, flags: [.path, .directory]))
            }
        }
        return CgroupEntry(tasks: tasks, directory: directory)
    }

    /// Moves another process there. Unlike a birth, that isn't bound to pids.limit; it takes a lock of the whole system, and time.
    public func move(_ pid: Int32, _ options: [ByteString] = []) throws(RuntimeError) {
        let entry = try openEntry(options)
        try entry.tasks.move(pid)
        guard let directory = entry.directoryNumber else { return }
        try explaining(.cgroup, "can't move process " + String(pid) + " into the container's cgroup") { () throws(SystemError) in
            let file = try FileDescriptor.open("cgroup.procs", at: directory, flags: .writeOnly)
            try file.writeAll(ByteString(decimal: pid).bytes)
        }
    }

    /// The v2 directory in which a process of the container is, for a container that has handed its own cgroup's controllers on and
    /// so can't take processes there (EBUSY). It has to lie below the container's cgroup.
    public func directoryForClone(besides pid: Int32, procfs: borrowing ProcFileSystem) throws(RuntimeError) -> FileDescriptor {
        guard let group = groups.first(where: { $0.version == .v2 }) else {
            throw RuntimeError(.unsupported, "the container has no cgroup of version 2")
        }
        for line in try CgroupHost.membership(procfs: procfs, process: pid) where line.subsystems.isEmpty {
            let parts = line.path.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty }
            // Compared by components: "/ct1" is not above "/ct10".
            guard parts.starts(with: path.components), !parts.contains("..") else { break }
            let below = Array(parts.dropFirst(path.components.count)).joined(UInt8(ascii: "/"))
            return try explaining(
                .cgroup, "can't open the cgroup", path: group.place() + "/" + below,
                below.isEmpty ? try group.openLeaf() : try group.openFile(below, flags: [.path, .directory]))
        }
        throw RuntimeError(
            .cgroup, "process " + String(pid) + " of the container is in a cgroup outside of the container's", path: group.place()
        )
    }
}

/// What one `--cgroup` option says.
struct SubgroupChoice {
    /// Empty for all hierarchies that no other option is about.
    let subsystems: [ByteString]
    /// Relative; empty for the container's own.
    let path: ByteString

    init(_ option: ByteString) throws(RuntimeError) {
        let (names, text) = option.splitOnce(separator: UInt8(ascii: ":")) ?? ("", option)
        let parts = text.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty && $0 != "." }
        guard !text.isEmpty, !parts.contains("..") else {
            throw RuntimeError(
                .usage, "--cgroup " + option.quoted + " is not a cgroup below the container's",
                hint: "give a path from the container's cgroup on, without \"..\"; \"/\" is the container's itself")
        }
        subsystems = names.isEmpty ? [] : names.split(separator: UInt8(ascii: ","))
        path = parts.joined(UInt8(ascii: "/"))
    }
}

extension Group {
    /// Whether the hierarchy is meant by a controller's name, or by "name=systemd".
    fileprivate func isCalled(_ name: ByteString) -> Bool {
        !subsystems.isEmpty && (subsystems == name || subsystems.split(separator: UInt8(ascii: ",")).contains(name))
    }
}
