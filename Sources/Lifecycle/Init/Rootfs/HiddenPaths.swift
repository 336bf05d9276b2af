import Bytes
import Errors
import Linux
import OCI

extension Rootfs {
    /// Applies `readonlyPaths` and `maskedPaths` of config-linux.md. A path that doesn't exist is skipped; any other failure is
    /// an error.
    ///
    /// This comes after the sysctls are written, because /proc/sys is usually one of the read-only paths.
    func hidePaths() throws(RuntimeError) {
        step(.makePathsReadOnly)
        for (index, path) in plan.rootfs.readonlyPaths.enumerated() {
            try makeReadOnly(path, pointer: "/linux/readonlyPaths/" + String(index))
        }
        step(.maskPaths)
        var masks = Masks()
        for (index, path) in plan.rootfs.maskedPaths.enumerated() {
            try mask(path, with: &masks, pointer: "/linux/maskedPaths/" + String(index))
        }
    }

    private func find(_ path: ByteString, pointer: String) throws(RuntimeError) -> FileDescriptor? {
        do throws(SystemError) {
            return try root.open(path)
        } catch  where error.errno == .ENOENT || error.errno == .ENOTDIR {
            return nil
        } catch {
            throw RuntimeError(.mount, "\"" + path.displayText + "\" can't be hidden", error, pointer: pointer, path: path)
        }
    }

    private func makeReadOnly(_ path: ByteString, pointer: String) throws(RuntimeError) {
        guard let file = try find(path, pointer: pointer) else { return }
        try explaining(.mount, "\"" + path.displayText + "\" can't be made read-only", pointer: pointer, path: path) {
            () throws(SystemError) in
            try FileDescriptor.cloneTree("", at: file.rawValue, recursive: true, MountAttributes(set: .readOnly))
                .attach(on: file)
        }
    }

    /// The mounts that cover masked paths: one empty read-only tmpfs for all directories, and the null device for all files.
    /// Otherwise thousands of masks would be thousands of file systems.
    private struct Masks {
        var directory: Mask?
        var file: Mask?
    }

    private func mask(_ path: ByteString, with masks: inout Masks, pointer: String) throws(RuntimeError) {
        guard let file = try find(path, pointer: pointer) else { return }
        let isDirectory = try explaining(.mount, failure(path), pointer: pointer, path: path, file.status().kind == .directory)
        var mask: Mask
        if let made = isDirectory ? masks.directory : masks.file {
            mask = made
        } else {
            mask = isDirectory ? try emptyDirectory(for: path, pointer) : try nullDevice(for: path, pointer)
        }
        try explaining(.mount, failure(path), pointer: pointer, path: path, mask.cover(file))
        if isDirectory { masks.directory = mask } else { masks.file = mask }
    }

    private func failure(_ path: ByteString) -> String { "\"" + path.displayText + "\" can't be masked" }

    private func emptyDirectory(for path: ByteString, _ pointer: String) throws(RuntimeError) -> Mask {
        let context = try explaining(.mount, failure(path), pointer: pointer, path: path, FileSystemContext(type: "tmpfs"))
        try plan.rootfs.label?.set(on: context, "tmpfs")
        return try explaining(context, failure(path), pointer) { () throws(SystemError) in
            try context.set("nr_blocks", to: "1")
            try context.set("nr_inodes", to: "1")
            return Mask(SharedDescriptor(try context.mount(attributes: MountSources.maskAttributes.union(.noDevices))))
        }
    }

    private func nullDevice(for path: ByteString, _ pointer: String) throws(RuntimeError) -> Mask {
        try explaining(.mount, failure(path), pointer: pointer, path: path) { () throws(SystemError) in
            guard let null = sources.null else { throw SystemError("open_tree", errno: .ENODEV) }
            return Mask(null)
        }
    }
}

/// A mount that covers masked paths. The first path gets the mount itself, every other path a copy: before kernel 6.15 only an
/// attached mount can be copied.
private struct Mask {
    private let mount: SharedDescriptor
    private var isAttached = false

    init(_ mount: SharedDescriptor) { self.mount = mount }

    mutating func cover(_ file: borrowing FileDescriptor) throws(SystemError) {
        if isAttached {
            let copy = try mount.file.cloneTree(recursive: false)
            try copy.attach(on: file)
        } else {
            try mount.file.attach(on: file)
            isAttached = true
        }
    }
}
