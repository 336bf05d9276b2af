import Bytes
import Errors
import Linux

extension Rootfs {
    /// The copy of a mount that an entry asks for, attached nowhere.
    mutating func copySource(_ source: ByteString, recursive: Bool, _ entry: MountStep) throws(RuntimeError) -> SharedDescriptor {
        // Taken out, and closed with it: no folder of the host's may be open when others can see this process.
        switch sources.binds.removeValue(forKey: entry.index) {
        case .tree(let tree):
            // A second copy, for the order of the mount table: the kernel can from 6.15 on, but for Host's.
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

    /// A link would let the image, or another container of an earlier volume, choose what is mounted: the container's own proc, say,
    /// without masks.
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
