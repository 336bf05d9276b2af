import Bytes
import Errors
import Linux
import OCI

extension Init {
    /// Does what `create` does, as far as nothing is changed: for a trial (Host/Check/Trial.swift).
    ///
    /// - Returns: false if not everything could be done.
    mutating func rehearse() throws(RuntimeError) -> Bool {
        try dieWithHost(conversation)
        OwnProcess.setUmask(0)
        try enterNamespaces()
        if plan.namespaces.origin(of: .cgroup) == .new { try makeCgroupNamespace() }
        try prepareSession()
        // In another mount namespace mounts would be seen by others.
        guard plan.namespaces.origin(of: .mount) == .new else { return plan.process == nil }
        let sources: MountSources
        if let opened = context.sources { sources = opened } else { sources = try MountSources.open(plan, copiesAtOnce: false) }
        var rootfs = try Rootfs(
            plan: plan, sources: sources, mappings: context.mappings, journal: nil,
            pidNamespace: plan.namespaceFiles.file(of: .pid))
        guard (try? rootfs.root.descriptor.setMountAttributes(MountAttributes(set: .readOnly), recursive: true)) != nil else {
            return false
        }
        var isWhole = try rootfs.rehearseMounts()
        // Without a tmpfs on /dev they would be made in the root.
        do throws(RuntimeError) { try rootfs.makeDevices() } catch  where error.errno == .EROFS {}
        try rootfs.enter()
        if plan.namespaces.joins.isEmpty { try setKernelParameters() }
        try rootfs.hidePaths()
        do throws(RuntimeError) {
            _ = try findProgram(rootfs)
        } catch  where !isWhole || error.errno == .EROFS {
            isWhole = false
        }
        try execution?.setInherited()
        return isWhole
    }
}

extension Rootfs {
    /// Performs the entries of `/mounts` so that nothing can be changed through them.
    ///
    /// - Returns: false if one can't be tried like that.
    fileprivate mutating func rehearseMounts() throws(RuntimeError) -> Bool {
        var isWhole = true
        var steps = plan.rootfs.mounts
        for index in steps.indices {
            steps[index].copiesUp = false
            switch steps[index].kind {
            // The container's cgroup isn't there yet, and a remount could make the root writable.
            case .cgroup, .remount: continue
            case .bind: steps[index].recursiveAttributes.apply(MountAttributes(set: .readOnly))
            case .fileSystem(let type) where !FileSystems.isKernelsOwn(type) && FileSystems.mayBeKnown(type):
                // It may be on a disk, which a mount changes.
                isWhole = false
                continue
            case .fileSystem: break
            }
            do throws(RuntimeError) {
                try mount(steps[index...index])
            } catch  where error.errno == .EROFS {
                isWhole = false
            }
        }
        return isWhole
    }
}

extension FileSystems {
    /// Whether the kernel has a type of file systems, or a module for it.
    fileprivate static func mayBeKnown(_ type: ByteString) -> Bool {
        isWord(type, of: "/proc/filesystems")
            || isWord("fs-" + type, of: "/lib/modules/" + kernelRelease() + "/modules.alias")
    }

    @inline(never)
    private static func isWord(_ word: ByteString, of path: ByteString) -> Bool {
        let text = try? FileDescriptor.open(path, flags: .readOnly).readAll(limit: 16 << 20)
        return ByteString(text ?? []).words.contains(word)
    }
}
