import Bytes
import Errors
import Linux
import OCI

extension Rootfs {
    /// Makes the container's file system the root of this process, and leaves the host's.
    func enter() throws(RuntimeError) {
        step(.changeRoot)
        try explaining(.mount, "the root file system can't be made the root", pointer: "/root/path") { () throws(SystemError) in
            // In a chroot, pivot_root(2) would exchange the chroot only. The namespace would keep the host's root, and setns(2)
            // leads there: `exec`, and whoever has CAP_SYS_ADMIN in the container. Detaching the host's mounts doesn't reach the
            // host: `Rootfs.init` has made all of them slave or private.
            if plan.namespaces.has(.mount) { try OwnProcess.changeRootToThatOfTheMountNamespace() }
            try OwnProcess.changeDirectory(to: root.descriptor)
            if !plan.namespaces.has(.mount) {
                try OwnProcess.changeRootToWorkingDirectory()
            } else if !plan.pivots {
                try move()
            } else {
                // The old root ends up mounted over the new one, and is detached there. So it needs no folder, pivot_root(2).
                try FileDescriptor.pivotRootToWorkingDirectory()
            }
            try OwnProcess.changeDirectory(to: "/")
        }
    }

    /// Moves the container's root over the host's (`--no-pivot`), for a host's root on a ramdisk, which pivot_root(2) can't
    /// leave.
    ///
    /// The host's mounts are still below. An unmasked proc or sysfs among them would allow any user namespace in the container
    /// to mount another one, without our masks. So the host's mounts are detached. If a user namespace can't detach a proc or
    /// sysfs, it's covered.
    private func move() throws(SystemError) {
        try root.descriptor.moveOntoRoot()
        let procfs: ProcFileSystem
        do throws(SystemError) {
            procfs = try ProcFileSystem.detached()
        } catch  where error.errno == .EPERM {
            procfs = try ProcFileSystem.copied()
        }
        let own = try root.descriptor.mountNumber().number
        try detachHostMounts(own, procfs)
        try coverProcAndSys(own, procfs)
        try OwnProcess.changeRoot(to: root.descriptor)
    }

    /// The host's mounts that are left, as seen from the host's root. That root itself isn't one of them: its parent isn't in
    /// the table.
    private func hostMounts(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) -> [MountTableEntry] {
        let table = try procfs.mounts()
        var ours = SortedSet([own])
        var found = true
        // A parent may have a higher number than its child, so the table is searched until nothing new is found.
        while found {
            found = false
            for entry in table where ours.contains(entry.parent) && ours.insert(entry.id) { found = true }
        }
        return table.filter { entry in !ours.contains(entry.id) && table.contains { $0.id == entry.parent } }
    }

    /// Detaches the host's mounts until no more can be detached: each may have hidden another one.
    private func detachHostMounts(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) {
        var left = try hostMounts(own, procfs)
        while !left.isEmpty {
            for mount in left.reversed() { try? FileDescriptor.detach(mount.place) }
            let now = try hostMounts(own, procfs)
            if now.count == left.count { return }
            left = now
        }
    }

    /// Covers each proc and sysfs of the host's that is left with an empty read-only tmpfs.
    private func coverProcAndSys(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) {
        let host = try FileDescriptor.open("/", flags: [.path, .directory])
        for mount in try hostMounts(own, procfs) where mount.root == "/" && (mount.type == "proc" || mount.type == "sysfs") {
            let place = try host.openResolving(
                mount.place, flags: [.path, .directory], resolve: .noLinks)
            try FileSystemContext(type: "tmpfs").mount(attributes: MountSources.maskAttributes).attach(on: place)
        }
    }

    /// Sets `linux.rootfsPropagation` on the new root, once no mount of the host's is above it.
    func setPropagation() throws(RuntimeError) {
        guard plan.rootfs.setsPropagation, plan.namespaces.has(.mount) else { return }
        let propagation = plan.rootfs.propagation
        try explaining(
            .mount, "can't be set", pointer: "/linux/rootfsPropagation",
            root.descriptor.setPropagation(propagation.kind, recursive: propagation.isRecursive))
    }
}
