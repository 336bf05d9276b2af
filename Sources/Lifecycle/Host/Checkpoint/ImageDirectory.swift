import Bytes
import Errors
import Linux

/// The folder of a checkpoint's image, or of criu's log. No other user may be able to change it.
///
/// An image defines a process: its memory, its rights, its mounts. A user who can change the image, or replace a file that criu
/// writes by a link, acts with criu's rights (CVE-2024-8676).
struct ImageDirectory {
    let descriptor: SharedDescriptor
    /// The path from the host's root, with all links resolved.
    let path: ByteString

    /// The link that criu itself makes in the image of a dump that builds on an earlier one.
    private static let parentLink: ByteString = "parent"

    /// Opens the folder, and makes it if it's missing. Only its owner can read it, since memory holds secrets.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - option: The name of the option that gives the folder, for errors.
    ///   - forUserNamespace: Whether criu must be able to find files in it as root of the container's user namespace.
    /// - Returns: The folder.
    /// - Throws: `checkpoint` if the folder can't be made, or other users can change it.
    static func make(_ path: ByteString, _ option: StaticString, forUserNamespace: Bool = false) throws(RuntimeError)
        -> ImageDirectory
    {
        try explaining(.checkpoint, label(option, path) + " can't be made", path: path) { () throws(SystemError) in
            let mode: UInt32 = forUserNamespace ? 0o711 : 0o700
            try FileDescriptor.makeDirectories(path, mode: mode, parentMode: mode)
        }
        return try open(path, option)
    }

    /// Opens the folder, and refuses it if other users can change it.
    @inline(never)
    static func open(_ path: ByteString, _ option: StaticString) throws(RuntimeError) -> ImageDirectory {
        let directory = try explaining(.checkpoint, label(option, path) + " can't be opened", path: path) {
            () throws(SystemError) in
            let descriptor = try FileDescriptor.open(path, flags: [.readOnly, .directory])
            let absolute = try descriptor.hostPath()
            return ImageDirectory(descriptor: SharedDescriptor(descriptor), path: absolute)
        }
        try directory.checkOwner(label(option, path))
        return directory
    }

    private static func label(_ option: StaticString, _ path: ByteString) -> String {
        "--" + option.description + " \"" + path.displayText + "\""
    }

    private func checkOwner(_ label: String) throws(RuntimeError) {
        let status = try explaining(.checkpoint, label + " can't be looked at", path: path, descriptor.file.status())
        guard ImageDirectory.isOurs(status) else {
            throw RuntimeError(
                .checkpoint, label + " can be changed by other users", path: path,
                hint: "make it your own, writable by nobody else: it decides what the restored processes may do")
        }
    }

    private static func isOurs(_ status: FileStatus) -> Bool {
        (status.user == Credentials.effectiveUser || status.user == 0) && status.permissions & 0o022 == 0
    }

    /// Refuses a folder to which the container has access, now or after the restore: in its root, or in a writable bind mount.
    func checkOutside(rootfs: ByteString, mounts: [MountStep]) throws(RuntimeError) {
        try checkOutside(rootfs, "the container's root file system")
        for mount in mounts where !mount.attributes.set.contains(.readOnly) {
            guard case .bind(let source, _) = mount.kind else { continue }
            try checkOutside(source, "a folder that the container has mounted, " + mount.label)
        }
    }

    private func checkOutside(_ folder: ByteString, _ what: String) throws(RuntimeError) {
        // A missing folder can't contain ours. The code that needs it reports it.
        guard let file = try? FileDescriptor.open(folder, flags: .path), let absolute = try? file.hostPath() else { return }
        guard path == absolute || path.hasPrefix(absolute == "/" ? "/" : absolute + "/") else { return }
        throw RuntimeError(
            .checkpoint, "\"" + path.displayText + "\" is in " + what + ": the container could change the image", path: path,
            hint: "choose another --image-path and --work-path")
    }

    /// Refuses a log that isn't a plain file: criu follows links, and truncates the file that it finds.
    func checkLog(_ name: ByteString) throws(RuntimeError) {
        let status = status(of: name)
        guard let status, status.kind != .regular else { return }
        throw RuntimeError(
            .checkpoint, "criu's log \"" + (path + "/" + name).displayText + "\" is no plain file", path: path + "/" + name,
            hint: "remove it, or choose another --work-path")
    }

    /// Refuses a folder in which root of a user namespace can't find files.
    func checkSearchable() throws(RuntimeError) {
        guard let status = status(of: "."), status.permissions & 0o001 == 0 else { return }
        throw RuntimeError(
            .checkpoint, "root of the container's user namespace can't find files in \"" + path.displayText + "\"", path: path,
            hint: "chmod o+x " + path.displayText)
    }

    /// Refuses an image with links other than that of an earlier dump, or with files that other users own or can change.
    func checkContents() throws(RuntimeError) {
        let entries = try explaining(.checkpoint, "the image can't be read", path: path, descriptor.file.entries())
        for entry in entries {
            guard let status = status(of: entry.name) else { continue }
            let isParent = entry.name == ImageDirectory.parentLink && status.kind == .link
            let isExpected = status.kind == .regular || status.kind == .directory
            guard isParent || isExpected && ImageDirectory.isOurs(status) else {
                throw RuntimeError(
                    .checkpoint, "\"" + entry.name.displayText + "\" in the image is a link, or can be changed by other users",
                    path: path + "/" + entry.name)
            }
        }
    }

    @inline(never)
    private func status(of name: ByteString) -> FileStatus? {
        try? descriptor.file.status(of: name)
    }

    /// Refuses a folder for `--parent-path` that criu wouldn't find, or that other users can change.
    func checkParent(_ parent: ByteString) throws(RuntimeError) {
        guard !parent.hasPrefix("/") else {
            throw RuntimeError(.usage, "--parent-path must be relative, counted from --image-path")
        }
        let folder = try explaining(.checkpoint, "invalid --parent-path \"" + parent.displayText + "\"", path: parent) {
            () throws(SystemError) in
            let folder = try FileDescriptor.open(parent, at: descriptor.rawValue, flags: [.readOnly, .directory])
            return ImageDirectory(descriptor: SharedDescriptor(folder), path: path + "/" + parent)
        }
        try folder.checkOwner("--parent-path \"" + parent.displayText + "\"")
    }
}
