import Bytes
import Errors
import Linux

// Bind mounts whose source lies in the container's own root. criu gets these sources before it makes the container's mounts.

extension [MountStep] {
    /// Refuses sources that an earlier entry covers, or in which an earlier entry mounts something: criu would get the files
    /// below that mount.
    func refuseSourcesInMounts(rootfs: ByteString) throws(RuntimeError) {
        for (place, entry) in enumerated() {
            guard case .bind(let source, _) = entry.kind, let inside = ContainerPath.below(rootfs, source) else { continue }
            let isMounted = self[..<place].contains { earlier in
                inside == earlier.destination || inside.hasPrefix(earlier.destination + "/")
                    || earlier.destination.hasPrefix(inside == "/" ? inside : inside + "/")
            }
            guard isMounted else { continue }
            throw RuntimeError(
                .unsupported, "criu can't restore a bind mount whose source lies in another mount of the container",
                pointer: entry.label, path: source)
        }
    }
}

extension MountSources {
    /// Copies the sources that lie in the root file system itself.
    mutating func copyInside(_ plan: Plan) throws(RuntimeError) {
        try plan.rootfs.mounts.refuseSourcesInMounts(rootfs: plan.rootfs.path)
        for entry in plan.rootfs.mounts {
            guard case .inside(let path)? = binds[entry.index], case .bind(let source, let recursive) = entry.kind else {
                continue
            }
            binds[entry.index] = try explaining(
                .mount, "source \"" + source.displayText + "\" can't be opened", pointer: entry.label, path: source
            ) { () throws(SystemError) in
                let root = RootedDirectory(adopting: try .open(plan.rootfs.path, flags: [.path, .directory]))
                return .tree(try BindSource.copy(try root.openWithoutLinks(path), recursive: recursive, for: plan))
            }
        }
    }
}
