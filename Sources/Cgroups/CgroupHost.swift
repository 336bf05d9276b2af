public import Bytes
public import Errors
public import Linux

/// The cgroup hierarchies of the host.
public struct CgroupHost: Sendable {
    /// The versions of the hierarchies.
    public enum Layout: Sendable {
        /// A single hierarchy, of cgroup v2.
        case unified
        /// Hierarchies of cgroup v1. With a v2 hierarchy beside them, systemd calls the host hybrid.
        case legacy
        /// No hierarchy is mounted.
        case absent
    }

    public let layout: Layout

    public let hierarchies: [Hierarchy]

    init(layout: Layout, hierarchies: [Hierarchy]) {
        self.layout = layout
        self.hierarchies = hierarchies
    }

    /// Finds the hierarchies at /sys/fs/cgroup. If that isn't cgroup v2, `procfs` tells which hierarchies of v1 there are.
    ///
    /// A hierarchy that isn't mounted in this mount namespace is left out, because its files can't be reached.
    ///
    /// - Parameter procfs: a procfs that shows this process.
    /// - Returns: the hierarchies.
    /// - Throws: `cgroup` if the host's files can't be read.
    public static func detect(procfs: borrowing ProcFileSystem) throws(RuntimeError) -> CgroupHost {
        try detect(at: "/sys/fs/cgroup", procfs: procfs)
    }

    /// The controllers that a new cgroup can have.
    public func controllers() throws(RuntimeError) -> ControllerLocations {
        var locations = ControllerLocations(v1: [], v2: [], filter: false)
        for hierarchy in hierarchies {
            locations.v1.formUnion(hierarchy.controllers)
            guard hierarchy.version == .v2 else { continue }
            locations.v2 = try hierarchy.availableControllers()
            locations.filter = true
        }
        return locations
    }

    /// Refuses a path that is so long that the files in the cgroup can't be named.
    public func refuseTooLong(_ path: CgroupPath) throws(RuntimeError) {
        for hierarchy in hierarchies { try Group(hierarchy, path: path).refuseTooLong() }
    }

    /// The default parent of the cgroups of containers whose caller isn't root: the parent of the caller's own cgroup.
    ///
    /// The caller's own cgroup can't be the parent: it has a process, the caller, and so can't hand controllers down to a child
    /// (cgroups(7), "no internal processes" rule).
    ///
    /// - Parameter procfs: a procfs that shows this process.
    /// - Returns: the path, which ends with "/".
    /// - Throws: `cgroup` if the caller's cgroups can't be read.
    public static func delegatedBase(procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ByteString {
        for line in try membership(procfs: procfs) where line.subsystems.isEmpty {
            var parts = line.path.split(separator: UInt8(ascii: "/"))
            if parts.count > 1 { parts.removeLast() }
            return parts.joined(UInt8(ascii: "/")) + "/"
        }
        return "/"
    }
}

extension CgroupHost {
    static func detect(at place: ByteString, procfs: borrowing ProcFileSystem) throws(RuntimeError) -> CgroupHost {
        guard let top = try directory(place, at: FileDescriptor.workingDirectory, shownAs: place) else {
            return CgroupHost(layout: .absent, hierarchies: [])
        }
        if try magic(of: top, at: place) == .cgroup2 {
            let only = Hierarchy(version: .v2, subsystems: "", mountPoint: place, root: top)
            return CgroupHost(layout: .unified, hierarchies: [only])
        }
        var found: [Hierarchy] = []
        var astray: [ByteString] = []
        for line in try membership(procfs: procfs) {
            if let hierarchy = try hierarchy(of: line.subsystems, below: top, at: place) {
                found.append(hierarchy)
            } else if !line.subsystems.hasPrefix("name=") && !line.subsystems.isEmpty {
                astray.append(line.subsystems)
            }
        }
        // Reading the mount table is slow, so it's read only if a controller's hierarchy isn't in its usual place.
        if !astray.isEmpty { found += try MountTable.hierarchies(of: astray, procfs: procfs) }
        return CgroupHost(layout: found.isEmpty ? .absent : .legacy, hierarchies: found)
    }

    /// Looks for a hierarchy in its usual directory: "cpu,cpuacct" or "cpu" for the subsystems "cpu,cpuacct", "systemd" for
    /// "name=systemd", "unified" for v2.
    private static func hierarchy(of subsystems: ByteString, below top: borrowing FileDescriptor, at place: ByteString)
        throws(RuntimeError) -> Hierarchy?
    {
        var names: [ByteString] = [subsystems]
        if subsystems.isEmpty {
            names = ["unified"]
        } else if subsystems.hasPrefix("name=") {
            names = [subsystems.dropFirst(5)]
        } else if let (first, _) = subsystems.splitOnce(separator: UInt8(ascii: ",")) {
            names.append(first)
        }
        for name in names {
            let path = place + "/" + name
            guard let root = try directory(name, at: top.rawValue, shownAs: path) else { continue }
            guard try magic(of: root, at: path) == (subsystems.isEmpty ? .cgroup2 : .cgroup) else { continue }
            return Hierarchy(version: subsystems.isEmpty ? .v2 : .v1, subsystems: subsystems, mountPoint: path, root: root)
        }
        return nil
    }

    /// Opens the root of a hierarchy; nil if there is no such directory, or if it can't be accessed.
    @inline(never)
    static func directory(_ path: ByteString, at parent: Int32, shownAs shown: ByteString) throws(RuntimeError) -> FileDescriptor?
    {
        do throws(SystemError) {
            return try .open(path, at: parent, flags: [.path, .directory])
        } catch {
            if error.errno == .ENOENT || error.errno == .ENOTDIR || error.errno == .EACCES { return nil }
            throw RuntimeError(.cgroup, "can't open a cgroup hierarchy", error, path: shown)
        }
    }

    private static func magic(of directory: borrowing FileDescriptor, at path: ByteString) throws(RuntimeError) -> FileSystemMagic
    {
        try explaining(.cgroup, "can't tell the type of a file system", path: path, directory.fileSystemMagic())
    }

    /// The cgroups of a process, one for each hierarchy.
    ///
    /// - Parameters:
    ///   - procfs: the procfs of the host.
    ///   - process: the process; the calling one if it isn't given.
    /// - Returns: the cgroups.
    /// - Throws: `cgroup` if they can't be read.
    @inline(never)
    public static func membership(procfs: borrowing ProcFileSystem, process: Int32 = OwnProcess.pid) throws(RuntimeError)
        -> [CgroupMembership]
    {
        let file = ByteString(decimal: process) + "/cgroup"
        do throws(SystemError) {
            return CgroupMembership.parse(try procfs.read(file, isOneRecord: true))
        } catch {
            throw RuntimeError(.cgroup, "can't read a process' cgroups", error, path: "/proc/" + file)
        }
    }

    /// Opens cgroup.procs of a cgroup that the calling process is in, to be written.
    ///
    /// - Parameter procfs: the procfs of the host.
    /// - Returns: the file; nil if the process may not write to any of its cgroups, or if they can't be reached.
    public func openOwnProcesses(procfs: borrowing ProcFileSystem) -> FileDescriptor? {
        guard let places = try? CgroupHost.membership(procfs: procfs) else { return nil }
        for hierarchy in hierarchies {
            guard let place = places.first(where: { $0.subsystems == hierarchy.subsystems }) else { continue }
            let path = "." + place.path + "/cgroup.procs"
            if let file = try? hierarchy.root.openWithin(path, flags: .writeOnly) { return file }
        }
        return nil
    }
}
