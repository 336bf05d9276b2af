import Bytes
import Errors
import Linux
import OCI

extension Rootfs {
    /// Makes the container's file system the root, and lets go of the host's.
    func enter() throws(RuntimeError) {
        step(.changeRoot)
        try explaining(.mount, "the root file system can't be made the root", pointer: "/root/path") { () throws(SystemError) in
            try OwnProcess.changeDirectory(to: root.descriptor)
            if !plan.namespaces.has(.mount) {
                try OwnProcess.changeRootToWorkingDirectory()
            } else if !plan.pivots {
                try move()
            } else {
                // The old root comes to lie over the new one, at the same place, from where it's taken away: no folder is needed for it.
                try FileDescriptor.pivotRootToWorkingDirectory()
            }
            try OwnProcess.changeDirectory(to: "/")
        }
    }

    /// For a root on a ramdisk, which pivot_root(2) can't leave.
    ///
    /// The host's mounts would stay below, its proc and sysfs among them: a whole one in the mount namespace lets any user namespace in
    /// the container mount another, without our masks. So they go; those that a user namespace can't take away are covered.
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

    /// The mounts of the host's that are left, as seen from the host's root: not that root itself, whose parent is nowhere.
    private func hostMounts(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) -> [MountTableEntry] {
        let table = try procfs.mounts()
        var ours = SortedSet([own])
        var found = true
        // Numbers don't tell parents from children.
        while found {
            found = false
            for entry in table where ours.contains(entry.parent) && ours.insert(entry.id) { found = true }
        }
        return table.filter { entry in !ours.contains(entry.id) && table.contains { $0.id == entry.parent } }
    }

    /// Again and again: what is detached may have hidden another.
    private func detachHostMounts(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) {
        var left = try hostMounts(own, procfs)
        while !left.isEmpty {
            for mount in left.reversed() { try? FileDescriptor.detach(mount.place) }
            let now = try hostMounts(own, procfs)
            if now.count == left.count { return }
            left = now
        }
    }

    private func coverProcAndSys(_ own: UInt64, _ procfs: borrowing ProcFileSystem) throws(SystemError) {
        let host = try FileDescriptor.open("/", flags: [.path, .directory])
        for mount in try hostMounts(own, procfs) where mount.root == "/" && (mount.type == "proc" || mount.type == "sysfs") {
            let place = try host.openResolving(
                mount.place, flags: [.path, .directory], resolve: .noLinks)
            try FileSystemContext(type: "tmpfs").mount(attributes: Rootfs.maskAttributes).attach(on: place)
        }
    }

    /// Sets `rootfsPropagation` on the new root, when nothing of the host's is above it any more.
    func setPropagation() throws(RuntimeError) {
        guard plan.rootfs.setsPropagation, plan.namespaces.has(.mount) else { return }
        let propagation = plan.rootfs.propagation
        try explaining(
            .mount, "can't be set", pointer: "/linux/rootfsPropagation",
            root.descriptor.setPropagation(propagation.kind, recursive: propagation.isRecursive))
    }
}
