import Bytes
import Errors
import Linux

extension CgroupDirectory {
    /// Goes through this cgroup and all below it: `enter` gets each directory before those in it, `leave` each but this one after
    /// those in it, by its parent and its name.
    ///
    /// A container that may make cgroups may nest them deeper than a path can be long and than a process may have files open: so
    /// one directory is open at a time, and the way back is "..", which the kernel doesn't let anyone move.
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

    /// Nil where it's gone: whoever is in the container may remove cgroups while they are gone through. Any other error means that
    /// the processes in there are not known.
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
            return try directory.entries().filter { $0.type == .directory }.map { $0.name }
        } catch {
            // ENODEV: removed after it was opened.
            if error.errno == .ENOENT || error.errno == .ENODEV { return [] }
            throw error
        }
    }

    /// This directory's processes and those of all below it.
    func processes() throws(SystemError) -> [Int32] {
        var found: [Int32] = []
        try walk { directory throws(SystemError) in
            do throws(SystemError) {
                for word in ByteString(try directory.readFile("cgroup.procs", limit: 64 << 20)).words {
                    if let pid = word.decimal(as: Int32.self) { found.append(pid) }
                }
            } catch {
                // A threaded cgroup lists its processes at its domain's root.
                if error.errno != .EOPNOTSUPP { throw error }
            }
        }
        return found
    }
}
