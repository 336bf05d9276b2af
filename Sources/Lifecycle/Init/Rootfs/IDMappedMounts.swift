import Bytes
import Errors
import Linux

extension Rootfs {
    /// Puts an entry's mapping on its detached mount. Needs rights on the file system itself.
    static func mapIDs(of mount: borrowing FileDescriptor, by namespace: SharedDescriptor, _ entry: MountStep)
        throws(RuntimeError)
    {
        guard let mapping = entry.idMapping else { return }
        try explaining(
            .mount, "the ids of the mount can't be mapped", pointer: entry.label,
            hint: "does its file system support id-mapped mounts (mount_setattr(2)), and is it not mapped already?",
            mount.mapIDs(by: namespace.file, recursive: mapping.recursive))
    }
}

extension MountSources {
    /// Maps the copies that were made at once. The others are mapped at their turn.
    ///
    /// - Returns: the namespaces for those.
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
