public import Bytes
public import Errors
public import Linux

/// What the host has of cgroups.
public struct CgroupHost: Sendable {
    public enum Layout: Sendable {
        /// One cgroup v2 tree.
        case unified
        /// Trees of cgroup v1; with a v2 tree beside them it's what systemd calls hybrid.
        case legacy
        /// No tree is mounted.
        case absent
    }

    public let layout: Layout

    public let hierarchies: [Hierarchy]

    init(layout: Layout, hierarchies: [Hierarchy]) {
        self.layout = layout
        self.hierarchies = hierarchies
    }

    /// Looks at /sys/fs/cgroup, and where that isn't cgroup v2 into `procfs` for what there is of v1.
    ///
    /// A hierarchy that exists but isn't mounted in this mount namespace is left out: no file of it can be reached.
    public static func detect(procfs: borrowing ProcFileSystem) throws(RuntimeError) -> CgroupHost {
        try detect(at: "/sys/fs/cgroup", procfs: procfs)
    }

    /// Where a new cgroup finds its controllers.
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

    /// Refuses a path that leaves no room for the names of the files in the cgroup.
    public func refuseTooLong(_ path: CgroupPath) throws(RuntimeError) {
        for hierarchy in hierarchies { try Group(hierarchy, path: path).refuseTooLong() }
    }

    /// The first free path for a container whose configuration names none and whose caller isn't root: beside the caller's own
    /// cgroup, since that one has the caller in it and so can't hand controllers to a child (cgroups(7), "no internal processes").
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
        // A controller that is in use but not in its usual place: only now is the mount table worth its price.
        if !astray.isEmpty { found += try MountTable.hierarchies(of: astray, procfs: procfs) }
        return CgroupHost(layout: found.isEmpty ? .absent : .legacy, hierarchies: found)
    }

    /// The hierarchy in its usual directory: "cpu,cpuacct", else "cpu"; "systemd" for "name=systemd"; "unified" for v2.
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
    @inline(never)
    static func membership(procfs: borrowing ProcFileSystem, process: Int32 = OwnProcess.pid) throws(RuntimeError)
        -> [CgroupMembership]
    {
        let file = ByteString(decimal: process) + "/cgroup"
        do throws(SystemError) {
            return CgroupMembership.parse(try procfs.read(file))
        } catch {
            throw RuntimeError(.cgroup, "can't read a process' cgroups", error, path: "/proc/" + file)
        }
    }
}
