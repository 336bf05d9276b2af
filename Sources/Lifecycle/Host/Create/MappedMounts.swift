import Bytes
import Errors
import Linux
import OCI

/// The mounts that show other owners than their files have.
enum MappedMounts {
    /// The user namespaces that stand for the mappings, by place in `/mounts`. Only Host can make them all.
    static func namespaces(_ plan: Plan, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> SortedMap<SharedDescriptor>
    {
        var found = SortedMap<SharedDescriptor>()
        for entry in plan.rootfs.mounts {
            guard let mapping = entry.idMapping else { continue }
            if mapping.uids.isEmpty, let joined = plan.namespaceFiles.file(of: .user) {
                found[entry.index] = joined
            } else {
                found[entry.index] = try UserNamespace.make(
                    uids: mapping.uids.isEmpty ? plan.idMappings.uids : mapping.uids,
                    gids: mapping.gids.isEmpty ? plan.idMappings.gids : mapping.gids, procfs)
            }
        }
        return found
    }
}
