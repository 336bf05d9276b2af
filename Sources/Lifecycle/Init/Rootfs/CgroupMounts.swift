import Bytes
import Cgroups
import Errors
import Linux
import OCI

extension Rootfs {
    /// Mounts the container's cgroups. Type cgroup is the single hierarchy on a v2 host, and a tmpfs with a folder for each
    /// hierarchy on a v1 host. Type cgroup2 is always the v2 hierarchy.
    mutating func mountCgroups(_ entry: MountStep, onlyUnified: Bool) throws(RuntimeError) {
        if cgroups.isUnifiedHost || onlyUnified {
            try attach(try unifiedHierarchy(entry), entry, isDirectory: true)
        } else {
            try mountHierarchies(entry)
        }
    }

    private mutating func mountHierarchies(_ entry: MountStep) throws(RuntimeError) {
        let failure = "the folder of the hierarchies can't be mounted"
        let context = try explaining(.cgroup, failure, pointer: entry.label, FileSystemContext(type: "tmpfs"))
        let attributes = entry.allAttributes
        try entry.mountLabel?.set(on: context, "tmpfs")
        let tmpfs = try explaining(context, code: .cgroup, failure, entry.label) { () throws(SystemError) in
            try context.set("mode", to: "755")
            return SharedDescriptor(try context.mount(attributes: attributes.set.subtracting(.readOnly)))
        }
        try attach(tmpfs, entry, isDirectory: true)
        if attributes.set.contains(.readOnly) { readOnlyLate.append(tmpfs) }
        for hierarchy in cgroups.mountPoints {
            try explaining(
                .cgroup, "the hierarchy " + hierarchy.name.displayText + " can't be mounted", pointer: entry.label,
                mount(hierarchy, in: tmpfs.file, attributes: attributes))
        }
    }

    private func mount(_ hierarchy: CgroupMountPoint, in folder: borrowing FileDescriptor, attributes: MountAttributes)
        throws(SystemError)
    {
        try folder.makeDirectory(hierarchy.name, mode: 0o755)
        // Nobody else can reach this tmpfs yet: its name still stands for the directory.
        try tree(of: hierarchy, attributes: attributes).attach(on: hierarchy.name, in: folder)
        for name in hierarchy.links { try folder.makeLink(name, to: hierarchy.name) }
    }

    /// With a cgroup namespace, a new mount of the hierarchy has the container's cgroup as its root. Without one, a copy of
    /// that cgroup's folder is mounted.
    private func tree(of hierarchy: CgroupMountPoint, attributes: MountAttributes) throws(SystemError) -> FileDescriptor {
        if cgroups.hasOwnNamespace {
            do throws(SystemError) {
                let context = try FileSystemContext(type: hierarchy.version == .v2 ? "cgroup2" : "cgroup")
                for option in hierarchy.options {
                    if let (key, value) = option.splitOnce(separator: UInt8(ascii: "=")) {
                        try context.set(key, to: value)
                    } else {
                        try context.set(option)
                    }
                }
                return try context.mount(attributes: attributes.set)
            } catch {
                // Not every user namespace may do this. The copy below takes its place.
            }
        }
        return try copy(of: hierarchy.directory, attributes)
    }

    /// The v2 hierarchy: with a cgroup namespace, what is below the namespace's root. Without one, all of the host's cgroups,
    /// because the paths in /proc/PID/cgroup count from the host's root then, and programs look them up here.
    private func unifiedHierarchy(_ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        var attributes = entry.allAttributes
        let own = cgroups.mountPoints.first { $0.version == .v2 }
        guard own != nil || cgroups.isUnifiedHost else {
            throw RuntimeError(
                .unsupported, "the container is in no cgroup v2 tree", pointer: entry.label,
                hint: "has this host one? With type cgroup the container gets the cgroup v1 trees")
        }
        guard cgroups.hasOwnNamespace else {
            // A user may own some of the host's cgroups: a container without rights on them could change them
            // (CVE-2023-25809).
            if own == nil || plan.namespaces.has(.user) { attributes.apply(MountAttributes(set: .readOnly)) }
            return try explaining(.cgroup, "the host's cgroups can't be shown", pointer: entry.label) {
                () throws(SystemError) in
                SharedDescriptor(try copy(of: own?.hierarchy ?? "/sys/fs/cgroup", attributes))
            }
        }
        if let own {
            return try explaining(
                .cgroup, "the cgroup file system can't be mounted", pointer: entry.label,
                SharedDescriptor(try tree(of: own, attributes: attributes)))
        }
        let context = try explaining(
            .cgroup, "the cgroup file system can't be mounted", pointer: entry.label, FileSystemContext(type: "cgroup2"))
        return try explaining(
            context, code: .cgroup, "the cgroup file system can't be mounted", entry.label,
            SharedDescriptor(try context.mount(attributes: attributes.set)))
    }

    private func copy(of directory: ByteString, _ attributes: MountAttributes) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.cloneTree(directory, recursive: false, attributes)
    }
}
