import Bytes
import Errors
import Linux

extension Rootfs {
    /// Maps the ids of an entry's detached mount, mount_setattr(2). This needs CAP_SYS_ADMIN in the user namespace of its file
    /// system.
    static func mapIDs(of mount: borrowing FileDescriptor, by namespace: SharedDescriptor, _ entry: MountStep)
        throws(RuntimeError)
    {
        guard let mapping = entry.idMapping else { return }
        try explaining(
            .mount, "the ids of the mount can't be mapped", pointer: entry.label,
            hint: "does its file system support id-mapped mounts (mount_setattr(2)), is it not mapped already, and was it made "
                + "outside of the container's user namespace?",
            mount.mapIDs(by: namespace.file, recursive: mapping.recursive))
    }
}

extension MountSources {
    /// Maps the ids of the bind mounts that are copied already. The other mounts are mapped when it's their turn.
    ///
    /// - Parameters:
    ///   - namespaces: The user namespaces that stand for the mappings, by index in `/mounts`.
    ///   - mounts: The entries of `/mounts`.
    /// - Returns: The user namespaces of the other mounts.
    /// - Throws: An error that names the entry whose ids can't be mapped.
    func map(by namespaces: SortedMap<SharedDescriptor>, _ mounts: [MountStep]) throws(RuntimeError) -> SortedMap<
        SharedDescriptor
    > {
        var left = namespaces
        for entry in mounts {
            guard let namespace = namespaces[entry.index], case .tree(let tree)? = binds[entry.index] else { continue }
            try Rootfs.mapIDs(of: tree.file, by: namespace, entry)
            left[entry.index] = nil
        }
        return left
    }
}
