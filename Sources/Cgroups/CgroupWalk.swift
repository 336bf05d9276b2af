import Bytes
import Errors
import Linux

extension CgroupDirectory {
    /// Visits this cgroup and all cgroups below it.
    ///
    /// A container that may make cgroups can nest them so deeply that a path would be too long, and that a process couldn't
    /// have all directories of the path open. So the walk only keeps the current directory open and goes back through "..".
    /// That is safe because the kernel doesn't allow moving a cgroup to another parent.
    ///
    /// - Parameters:
    ///   - enter: gets each directory before the directories in it.
    ///   - leave: gets the parent and the name of each directory after the directories in it. It isn't called for this cgroup
    ///     itself.
    /// - Throws: the errors of `enter`, and those of opening and reading directories.
    func walk(
        enter: (borrowing FileDescriptor) throws(SystemError) -> Void,
        leave: (borrowing FileDescriptor, ByteString) -> Void = { _, _ in }
    ) throws(SystemError) {
        var here = try descriptor.open(".", flags: [.path, .directory])
        var names: [ByteString] = []
        var waiting = [try subdirectories(of: here, enter: enter)]
        while var siblings = waiting.popLast() {
            if let name = siblings.popLast() {
                waiting.append(siblings)
                guard let child = try open(name, in: here) else { continue }
                waiting.append(try subdirectories(of: child, enter: enter))
                names.append(name)
                here = child
            } else if let name = names.popLast() {
                here = try here.open("..", flags: [.path, .directory])
                leave(here, name)
            }
        }
    }

    /// Opens a child; nil if the child is gone, because the container's processes can remove cgroups during the walk. Any other
    /// error is thrown: the walk would miss the processes in the child.
    private func open(_ name: ByteString, in parent: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            return try parent.openCgroup(name)
        } catch  where error.errno == .ENOENT || error.errno == .ENODEV {
            return nil
        }
    }

    private func subdirectories(
        of directory: borrowing FileDescriptor, enter: (borrowing FileDescriptor) throws(SystemError) -> Void
    ) throws(SystemError) -> [ByteString] {
        do throws(SystemError) {
            try enter(directory)
            // The links are from its parent, from itself, and from each subdirectory.
            if try directory.status().links == 2 { return [] }
            return try directory.entries().filter { $0.type == .directory }.map { $0.name }
        } catch {
            // ENODEV means that the directory was removed after it was opened.
            if error.errno == .ENOENT || error.errno == .ENODEV { return [] }
            throw error
        }
    }

    /// The processes in this cgroup and in all cgroups below it.
    func processes() throws(SystemError) -> [Int32] {
        var found: [Int32] = []
        try walk { directory throws(SystemError) in
            do throws(SystemError) {
                for word in ByteString(try directory.readFile("cgroup.procs", limit: 64 << 20)).words {
                    if let pid = word.decimal(as: Int32.self) { found.append(pid) }
                }
            } catch {
                // The processes of a threaded cgroup are listed in the root of its threaded subtree (cgroups(7)).
                if error.errno != .EOPNOTSUPP { throw error }
            }
        }
        return found
    }
}
