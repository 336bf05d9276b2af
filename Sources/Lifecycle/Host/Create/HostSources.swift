import Bytes
import Errors
import Linux
import OCI

extension MountSources {
    /// Opens the mount sources if Init couldn't: root in a user namespace may lack permission for them, and can't create
    /// id-mapped mounts of host file systems.
    ///
    /// - Parameters:
    ///   - plan: The container's plan.
    ///   - mappings: The user namespaces for id mappings. Those for the mounts that are mapped here are taken out.
    ///   - procfs: The host's procfs.
    /// - Returns: The sources, or nil if Init opens them itself.
    /// - Throws: An error if a source can't be opened or mapped.
    static func openedByHost(
        _ plan: Plan, _ mappings: inout SortedMap<SharedDescriptor>, _ procfs: borrowing ProcFileSystem
    ) throws(RuntimeError) -> MountSources? {
        guard Credentials.effectiveUser == 0, plan.namespaces.origin(of: .mount) == .new, plan.namespaces.has(.user) else {
            return nil
        }
        var sources: MountSources
        do throws(RuntimeError) {
            sources = try MountSources.open(plan, copiesAtOnce: true)
            mappings = try sources.map(by: mappings, plan.rootfs.mounts)
        } catch  where error.errno == .EPERM && mappings.isEmpty && procfs.isInUserNamespace() {
            // We are root of a user namespace, in a mount namespace that belongs to another one. So Host has no more rights on
            // mounts than Init, which tries next.
            return nil
        }
        // In a user namespace proc can be mounted only for a pid namespace that belongs to that user namespace.
        for entry in plan.rootfs.mounts where plan.namespaces.origin(of: .pid) != .new {
            guard case .fileSystem(let type) = entry.kind, type == "proc" else { continue }
            if let joined = plan.namespaceFiles.file(of: .pid) {
                sources.fileSystems[entry.index] = try ForeignProc.mount(entry, of: joined)
            } else {
                sources.fileSystems[entry.index] = try FileSystems.make(type, entry)
            }
        }
        return sources
    }
}
