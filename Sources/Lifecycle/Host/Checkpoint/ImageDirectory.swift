import Bytes
import Errors
import Linux

/// The folder of a checkpoint's image, or of criu's log: one that nobody but the caller can change.
///
/// An image says what a process is: its memory, its rights, its mounts. Whoever can change it, or put a link in the place of a
/// file that criu writes, acts with criu's rights (CVE-2024-8676).
struct ImageDirectory {
    let descriptor: SharedDescriptor
    /// From the host's root, links followed.
    let path: ByteString

    /// What criu makes itself in the image of a dump that builds on an earlier one.
    private static let parentLink: ByteString = "parent"

    /// Opens it, and makes it where it's missing: for its owner alone, since memory holds secrets.
    ///
    /// `forUserNamespace`: criu, as root of the container's user namespace, has to find files in it.
    static func make(_ path: ByteString, _ option: StaticString, forUserNamespace: Bool = false) throws(RuntimeError)
        -> ImageDirectory
    {
        try explaining(.checkpoint, label(option, path) + " can't be made", path: path) { () throws(SystemError) in
            let mode: UInt32 = forUserNamespace ? 0o711 : 0o700
            try FileDescriptor.makeDirectories(path, mode: mode, parentMode: mode)
        }
        return try open(path, option)
    }

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

    /// Refuses a folder that the container has before it, now or after the restore.
    func checkOutside(rootfs: ByteString, mounts: [MountStep]) throws(RuntimeError) {
        try checkOutside(rootfs, "the container's root file system")
        for mount in mounts where !mount.attributes.set.contains(.readOnly) {
            guard case .bind(let source, _) = mount.kind else { continue }
            try checkOutside(source, "a folder that the container has mounted, " + mount.label)
        }
    }

    private func checkOutside(_ folder: ByteString, _ what: String) throws(RuntimeError) {
        // A folder that isn't there holds nothing: whoever needs it complains.
        guard let file = try? FileDescriptor.open(folder, flags: .path), let absolute = try? file.hostPath() else { return }
        guard path == absolute || path.hasPrefix(absolute == "/" ? "/" : absolute + "/") else { return }
        throw RuntimeError(
            .checkpoint, "\"" + path.displayText + "\" is in " + what + ": the container could change the image", path: path,
            hint: "choose another --image-path and --work-path")
    }

    /// Refuses a log that is no plain file: criu empties what stands there, links followed.
    func checkLog(_ name: ByteString) throws(RuntimeError) {
        let status = status(of: name)
        guard let status, status.kind != .regular else { return }
        throw RuntimeError(
            .checkpoint, "criu's log \"" + (path + "/" + name).displayText + "\" is no plain file", path: path + "/" + name,
            hint: "remove it, or choose another --work-path")
    }

    /// Refuses a folder that root of a user namespace can't find files in.
    func checkSearchable() throws(RuntimeError) {
        guard let status = status(of: "."), status.permissions & 0o001 == 0 else { return }
        throw RuntimeError(
            .checkpoint, "root of the container's user namespace can't find files in \"" + path.displayText + "\"", path: path,
            hint: "chmod o+x " + path.displayText)
    }

    /// Refuses an image with files that aren't the caller's, or links to others.
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

    /// Refuses a folder for `--parent-path` that criu wouldn't find, or shouldn't use.
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
