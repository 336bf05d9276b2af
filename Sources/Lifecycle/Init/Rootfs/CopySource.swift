import Bytes
import Errors
import Linux

extension Rootfs {
    /// Makes the detached copy that a bind mount attaches.
    mutating func copySource(_ source: ByteString, recursive: Bool, _ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        // The source is taken out of `sources`, and so closed after this: no folder of the host's may be open when other
        // processes can see this one.
        switch sources.binds.removeValue(forKey: entry.index) {
        case .tree(let tree):
            // A second copy, made now, has the right place in the order of mounts. Kernel 6.15 and later can make one, except
            // of a copy that Host made.
            guard !sources.areHosts,
                let again = try? tree.file.cloneTree(recursive: recursive)
            else { return tree }
            return SharedDescriptor(again)
        case .file(let file):
            return try explaining(
                .mount, "source \"" + source.displayText + "\" can't be mounted", pointer: entry.label,
                BindSource.copy(file.file, recursive: recursive, for: plan))
        case .inside(let path): return try copyInside(path, source, recursive: recursive, entry)
        case nil: throw RuntimeError(.mount, "the source was not opened", pointer: entry.label)
        }
    }

    /// Copies a source in the container's root. Links are refused: by a link, the image, or another container with the same
    /// volume, could choose what is mounted, for example the container's own proc without masks.
    private func copyInside(_ path: ByteString, _ source: ByteString, recursive: Bool, _ entry: MountStep) throws(RuntimeError)
        -> SharedDescriptor
    {
        do throws(SystemError) {
            return try BindSource.copy(try root.openWithoutLinks(path), recursive: recursive, for: plan)
        } catch  where error.errno == .ELOOP {
            throw RuntimeError(
                .mount, "source \"" + source.displayText + "\" leads through a link in the container's own root",
                pointer: entry.label, path: source, hint: "name the place that the link leads to")
        } catch {
            throw BindSourceLookup.failure(source, error, entry)
        }
    }
}
