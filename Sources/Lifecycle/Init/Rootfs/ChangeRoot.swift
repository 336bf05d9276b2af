import Bytes
import CLinux
import Errors
import Linux
import OCI

extension Rootfs {
    /// Makes the container's file system the root, and lets go of the host's.
    func enter() throws(RuntimeError) {
        step("change root")
        try explaining(.mount, "the root file system can't be made the root", pointer: "/root/path") { () throws(SystemError) in
            guard fchdir(root.descriptor.rawValue) == 0 else { throw .last("fchdir") }
            if !plan.namespaces.has(.mount) {
                guard chroot(".") == 0 else { throw .last("chroot") }
            } else if plan.options.noPivot {
                try move()
            } else {
                // The old root comes to lie over the new one, at the same place, from where it's taken away: no folder is needed for it.
                guard c_pivot_root(".", ".") == 0 else { throw .last("pivot_root") }
                guard c_umount2(".", c_detach) == 0 else { throw .last("umount2") }
            }
            guard chdir("/") == 0 else { throw .last("chdir") }
        }
    }

    /// For a root on a ramdisk, which pivot_root(2) can't leave.
    private func move() throws(SystemError) {
        // The host's /proc and /sys would stay below, whole: their presence lets a user namespace mount new ones without our masks.
        for path in ["/proc", "/sys"] as [ByteString] {
            let result = path.withCString { c_umount2($0, c_detach) }
            guard result == 0 || c_errno() == EINVAL || c_errno() == ENOENT else { throw .last("umount2") }
        }
        guard c_move_mount(root.descriptor.rawValue, "", AT_FDCWD, "/", UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else {
            throw .last("move_mount")
        }
        guard fchdir(root.descriptor.rawValue) == 0 else { throw .last("fchdir") }
        guard chroot(".") == 0 else { throw .last("chroot") }
    }

    /// Sets `rootfsPropagation` on the new root, when nothing of the host's is above it any more.
    func setPropagation() throws(RuntimeError) {
        guard plan.config.linux.rootfsPropagation != nil, plan.namespaces.has(.mount) else { return }
        let propagation = plan.rootPropagation
        try explaining(.mount, "can't be set", pointer: "/linux/rootfsPropagation") { () throws(SystemError) in
            try root.descriptor.setPropagation(propagation.flags, recursive: propagation.isRecursive)
        }
    }
}
