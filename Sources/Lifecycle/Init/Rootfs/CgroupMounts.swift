import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI

/// The container's cgroups as its own file system shows them.
struct CgroupView: Sendable {
    let mountPoints: [CgroupMountPoint]
    /// Whether the host has cgroup v2 alone, directly on /sys/fs/cgroup.
    let isUnifiedHost: Bool
    let hasOwnNamespace: Bool
}

extension Rootfs {
    /// A mount of type cgroup: on cgroup v2 the one hierarchy, on v1 a tmpfs with a folder for each.
    mutating func mountCgroups(_ entry: MountStep) throws(RuntimeError) {
        guard !cgroups.isUnifiedHost else {
            try attach(try unifiedHierarchy(entry), entry, isDirectory: true)
            return
        }
        let tmpfs = try explaining(.cgroup, "the folder of the hierarchies can't be mounted", pointer: entry.label) {
            () throws(SystemError) in
            let context = try FileSystemContext(type: "tmpfs")
            try context.set("mode", to: "755")
            return SharedDescriptor(try context.mount(attributes: entry.attributes.set & ~MountAttributes.readOnly))
        }
        try attach(tmpfs, entry, isDirectory: true)
        if entry.attributes.set & MountAttributes.readOnly != 0 { readOnlyLate.append(tmpfs) }
        for hierarchy in cgroups.mountPoints {
            try explaining(.cgroup, "the hierarchy " + hierarchy.name.displayText + " can't be mounted", pointer: entry.label) {
                () throws(SystemError) in
                try tmpfs.with { (folder) throws(SystemError) in
                    try mount(hierarchy, in: folder, attributes: entry.attributes)
                }
            }
        }
    }

    private func mount(_ hierarchy: CgroupMountPoint, in folder: borrowing FileDescriptor, attributes: MountAttributes)
        throws(SystemError)
    {
        try folder.makeDirectory(hierarchy.name, mode: 0o755)
        let target = try folder.open(hierarchy.name, flags: O_PATH | O_DIRECTORY | O_NOFOLLOW)
        try tree(of: hierarchy, attributes: attributes).attach(on: target)
        for name in hierarchy.links {
            guard hierarchy.name.withCString({ to in name.withCString { symlinkat(to, folder.rawValue, $0) } }) == 0 else {
                throw .last("symlinkat")
            }
        }
    }

    /// With a cgroup namespace a mount shows the container's cgroup as its root; without one a copy of that folder is mounted.
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
                // Not allowed in every user namespace.
            }
        }
        let tree = try FileDescriptor.cloneTree(hierarchy.directory, recursive: false)
        if !attributes.isEmpty { try tree.setMountAttributes(attributes, recursive: false) }
        return tree
    }

    private func unifiedHierarchy(_ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        try explaining(.cgroup, "the cgroup file system can't be mounted", pointer: entry.label) { () throws(SystemError) in
            if let own = cgroups.mountPoints.first {
                return SharedDescriptor(try tree(of: own, attributes: entry.attributes))
            }
            if cgroups.hasOwnNamespace {
                return SharedDescriptor(try FileSystemContext(type: "cgroup2").mount(attributes: entry.attributes.set))
            }
            // No cgroup of its own: it may see the host's, but never write there (CVE-2023-25809).
            let tree = try FileDescriptor.cloneTree("/sys/fs/cgroup", recursive: true)
            var attributes = entry.attributes
            attributes.apply(MountAttributes(set: MountAttributes.readOnly))
            try tree.setMountAttributes(attributes, recursive: true)
            return SharedDescriptor(tree)
        }
    }
}
