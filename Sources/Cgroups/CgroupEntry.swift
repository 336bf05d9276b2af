public import Bytes
public import Errors
public import Linux

/// The open cgroups of a container, for a process that `exec` adds.
public struct CgroupEntry: ~Copyable {
    /// The v1 cgroups, which the process enters by itself.
    public let tasks: CgroupTasks

    /// The v2 directory for `CLONE_INTO_CGROUP` of clone3(2); nil if there is no v2 hierarchy.
    public let directory: FileDescriptor?

    /// The number of the descriptor `directory`. It's valid as long as this value exists.
    public var directoryNumber: Int32? {
        switch directory {
        case .some(let directory): directory.rawValue
        case nil: nil
        }
    }
}

extension Cgroup {
    /// Opens the container's cgroups, or existing cgroups below them.
    ///
    /// - Parameters:
    ///   - options: values of `--cgroup`, each of the form `[CONTROLLER[,CONTROLLER]:]PATH`. PATH is relative to the container's
    ///     cgroup and can't lead out of it.
    ///   - pid: the container's first process. In a v1 hierarchy that has lost the container's cgroup, the cgroup that this
    ///     process is in is opened instead: systemd takes processes out of their cgroups when it begins or ceases to use a
    ///     controller, and removes the cgroups.
    ///   - procfs: the procfs in which `pid` is valid.
    /// - Returns: the open cgroups.
    /// - Throws: `usage` for an unknown controller or a wrong path, `cgroup` if a cgroup can't be opened.
    public func openEntry(_ options: [ByteString] = [], besides pid: Int32, procfs: borrowing ProcFileSystem)
        throws(RuntimeError) -> CgroupEntry
    {
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
                do throws(RuntimeError) {
                    let file = try explaining(
                        .cgroup, "can't open the cgroup", path: shown + "/tasks",
                        group.openFile(path.isEmpty ? "tasks" : path + "/tasks", flags: .writeOnly))
                    tasks.add(file, path: shown + "/tasks")
                } catch  where error.errno == .ENOENT && path.isEmpty {
                    guard try group.add(to: tasks, besides: pid, procfs: procfs) else { throw error }
                }
            case .v2:
                directory = try explaining(
                    .cgroup, "can't open the cgroup", path: shown,
                    path.isEmpty ? try group.openLeaf() : try group.openFile(path, flags: [.path, .directory]))
            }
        }
        return CgroupEntry(tasks: tasks, directory: directory)
    }

    /// Moves an existing process into the container's cgroups, or into cgroups below them.
    ///
    /// Unlike the making of a process in a cgroup, a move isn't subject to `pids.limit`. It takes a lock for the whole system,
    /// and so is slow.
    ///
    /// - Parameters:
    ///   - pid: the process, which must have a single thread.
    ///   - options: the cgroups, as in `openEntry`.
    ///   - first: the container's first process.
    ///   - procfs: the procfs in which both are valid.
    /// - Throws: the errors of `openEntry`, and `cgroup` if the kernel refuses the move.
    public func move(_ pid: Int32, _ options: [ByteString] = [], besides first: Int32, procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        let entry = try openEntry(options, besides: first, procfs: procfs)
        try entry.tasks.move(pid)
        guard let directory = entry.directoryNumber else { return }
        try explaining(.cgroup, "can't move process " + String(pid) + " into the container's cgroup") { () throws(SystemError) in
            let file = try FileDescriptor.open("cgroup.procs", at: directory, flags: .writeOnly)
            try file.writeAll(ByteString(decimal: pid).bytes)
        }
    }

    /// Opens the v2 cgroup of a process of the container, for `CLONE_INTO_CGROUP` of clone3(2).
    ///
    /// A container that hands controllers down from its cgroup can't have processes in that cgroup itself: clone3 fails with
    /// EBUSY. A new process can join this one instead.
    ///
    /// - Parameters:
    ///   - pid: the process of the container.
    ///   - procfs: the procfs in which `pid` is valid.
    /// - Returns: the directory.
    /// - Throws: `unsupported` if there is no v2 hierarchy, `cgroup` if the process's cgroup isn't the container's or below it.
    public func directoryForClone(besides pid: Int32, procfs: borrowing ProcFileSystem) throws(RuntimeError) -> FileDescriptor {
        guard let group = groups.first(where: { $0.version == .v2 }) else {
            throw RuntimeError(.unsupported, "the container has no cgroup of version 2")
        }
        for line in try CgroupHost.membership(procfs: procfs, process: pid) where line.subsystems.isEmpty {
            let parts = line.path.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty }
            // Components are compared, not texts: "/ct1" isn't a parent of "/ct10".
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

/// The value of one `--cgroup` option.
struct SubgroupChoice {
    /// The controllers whose hierarchies are meant. Empty for all hierarchies that no other option names.
    let subsystems: [ByteString]
    /// The path relative to the container's cgroup; empty for that cgroup itself.
    let path: ByteString

    init(_ option: ByteString) throws(RuntimeError) {
        let (names, text) = option.splitOnce(separator: UInt8(ascii: ":")) ?? ("", option)
        guard !text.isEmpty, let subpath = CgroupSubpath(text) else {
            throw RuntimeError(
                .usage, "--cgroup " + option.quoted + " is not a cgroup below the container's",
                hint: "give a path from the container's cgroup on, without \"..\"; \"/\" is the container's itself")
        }
        subsystems = names.isEmpty ? [] : names.split(separator: UInt8(ascii: ","))
        path = subpath.text
    }
}

extension Group {
    /// Adds the cgroup that a process has in this hierarchy.
    ///
    /// - Returns: false if the process has none, since the hierarchy isn't one of the kernel's any more.
    fileprivate func add(to tasks: CgroupTasks, besides pid: Int32, procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> Bool
    {
        let places = try CgroupHost.membership(procfs: procfs, process: pid)
        guard let place = places.first(where: { $0.subsystems == subsystems }) else { return false }
        // No "/" at the beginning: the path is opened relative to the hierarchy's root.
        let parts = place.path.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty } + ["tasks"]
        let file = parts.joined(UInt8(ascii: "/"))
        let shown = mountPoint + "/" + file
        let opened = try explaining(.cgroup, "can't open the cgroup", path: shown, open(file, flags: .writeOnly))
        tasks.add(opened, path: shown)
        return true
    }

    /// Whether this is the group of the hierarchy that has the name: a controller's name, or "name=systemd".
    fileprivate func isCalled(_ name: ByteString) -> Bool {
        !subsystems.isEmpty && (subsystems == name || subsystems.split(separator: UInt8(ascii: ",")).contains(name))
    }
}
