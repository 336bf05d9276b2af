import Bytes
import CLinux
import Errors
import Linux
import OCI

/// The mounts that show other owners than their files have.
enum MappedMounts {
    /// The user namespaces that stand for the mappings, by place in `/mounts`. Only Host can make them all.
    static func namespaces(_ plan: Plan, _ files: NamespaceFiles, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> [Int: SharedDescriptor]
    {
        var found: [Int: SharedDescriptor] = [:]
        for entry in plan.mounts {
            guard let mapping = entry.idMapping else { continue }
            if mapping.uids.isEmpty, let joined = files.file(of: .user) {
                found[entry.index] = joined
            } else {
                let linux = plan.config.linux
                found[entry.index] = try UserNamespace.make(
                    uids: mapping.uids.isEmpty ? linux.uidMappings : mapping.uids,
                    gids: mapping.gids.isEmpty ? linux.gidMappings : mapping.gids, procfs)
            }
        }
        return found
    }

    /// Puts an entry's mapping on its detached mount. Needs rights on the file system itself.
    static func map(_ mount: borrowing FileDescriptor, by namespace: SharedDescriptor, _ entry: MountStep) throws(RuntimeError) {
        guard let mapping = entry.idMapping else { return }
        try explaining(
            .mount, "the ids of the mount can't be mapped", pointer: entry.label,
            hint: "does its file system support id-mapped mounts (mount_setattr(2)), and is it not mapped already?"
        ) { () throws(SystemError) in
            try namespace.with { (namespace) throws(SystemError) in try mount.mapIDs(by: namespace, recursive: mapping.recursive)
            }
        }
    }
}

extension MountSources {
    /// Maps the copies that were made at once. The others are mapped at their turn.
    ///
    /// - Returns: the namespaces for those.
    func map(by namespaces: [Int: SharedDescriptor], _ mounts: [MountStep]) throws(RuntimeError) -> [Int: SharedDescriptor] {
        var left = namespaces
        for entry in mounts {
            guard let namespace = namespaces[entry.index], case .tree(let tree)? = binds[entry.index] else { continue }
            try tree.with { (tree) throws(RuntimeError) in try MappedMounts.map(tree, by: namespace, entry) }
            left[entry.index] = nil
        }
        return left
    }
}
