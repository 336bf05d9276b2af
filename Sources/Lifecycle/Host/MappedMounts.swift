import Bytes
import CLinux
import Errors
import Linux
import OCI

/// User namespaces that stand for nothing but an id mapping: what mount_setattr(2) wants for `MOUNT_ATTR_IDMAP`.
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
            namespace = SharedDescriptor(
                try makeNamespace(
                    uids: mapping.uids.isEmpty ? linux.uidMappings : mapping.uids,
                    gids: mapping.gids.isEmpty ? linux.gidMappings : mapping.gids, procfs))
        }
        try explaining(
            .mount, "the ids of the mount can't be mapped", pointer: entry.label,
            hint: "does its file system support id-mapped mounts (mount_setattr(2)), and is it not mapped already?"
        ) { () throws(SystemError) in
            try namespace.with { (namespace) throws(SystemError) in try mount.mapIDs(by: namespace, recursive: mapping.recursive) }
        }
    }

    /// A namespace outlives its last process as long as a descriptor of it is open.
    private static func makeNamespace(uids: [IDMapping], gids: [IDMapping], _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> FileDescriptor
    {
        let clone = try explaining(.namespace, "a user namespace for the mapping can't be made") { () throws(SystemError) in
            try cloneProcess(c_new_user)
        }
        switch consume clone {
        case .child:
            _ = c_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
            closeDescriptors(from: 0, but: [])
            while true { _ = pause() }
        case .parent(let pid, let handle):
            defer {
                try? handle.send(signal: SIGKILL)
                _ = try? handle.wait()
            }
            try IDMaps(pid: pid, uids: uids, gids: gids).write(procfs)
            return try explaining(.namespace, "the user namespace for the mapping can't be opened") { () throws(SystemError) in
                try FileDescriptor.open(ByteString(decimal: pid) + "/ns/user", at: procfs.root.rawValue, flags: O_RDONLY)
            }
        }
    }
}
