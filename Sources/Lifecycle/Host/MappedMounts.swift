import Bytes
import CLinux
import Errors
import Linux
import OCI

/// The mounts that show other owners than their files have.
enum MappedMounts {
    /// Puts an entry's mapping on its detached mount.
    static func map(
        _ mount: borrowing FileDescriptor, _ entry: MountStep, _ plan: Plan, _ namespaces: NamespaceFiles,
        _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) {
        guard let mapping = entry.idMapping else { return }
        let namespace: SharedDescriptor
        if mapping.uids.isEmpty, let joined = namespaces.file(of: .user) {
            namespace = joined
        } else {
            let linux = plan.config.linux
            namespace = try UserNamespace.make(
                uids: mapping.uids.isEmpty ? linux.uidMappings : mapping.uids,
                gids: mapping.gids.isEmpty ? linux.gidMappings : mapping.gids, procfs)
        }
        try explaining(
            .mount, "the ids of the mount can't be mapped", pointer: entry.label,
            hint: "does its file system support id-mapped mounts (mount_setattr(2)), and is it not mapped already?"
        ) { () throws(SystemError) in
            try namespace.with { (namespace) throws(SystemError) in try mount.mapIDs(by: namespace, recursive: mapping.recursive)
            }
        }
    }
}
