import Bytes
import Errors
import Linux
import OCI

/// The container's id-mapped mounts: they show other owners than the files have on the host.
enum MappedMounts {
    /// The user namespaces that hold the mappings, by index in `/mounts`. Host makes them, because Init may have no right to
    /// map the ids.
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
