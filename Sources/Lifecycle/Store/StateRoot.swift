import Bytes
import Errors
import Linux

/// The directory that holds one folder for each container.
struct StateRoot: ~Copyable {
    let descriptor: FileDescriptor
    let path: ByteString

    /// Opens the state root.
    ///
    /// - Parameter path: Its absolute path.
    /// - Returns: nil if there is none; then there are no containers.
    /// - Throws: `system` if it can't be opened, belongs to another user, or is writable by others.
    @inline(never)
    static func open(_ path: ByteString) throws(RuntimeError) -> StateRoot? {
        let directory: FileDescriptor
        do throws(SystemError) {
            directory = try FileDescriptor.open(path, flags: [.readOnly, .directory])
        } catch  where error.errno == .ENOENT {
            return nil
        } catch {
            throw StateRoot.unusable(path, error)
        }
        return try StateRoot(checking: directory, path)
    }

    /// Opens the state root, and makes it if it's missing, accessible to its owner only. Missing directories above it are made,
    /// too.
    static func make(_ path: ByteString) throws(RuntimeError) -> StateRoot {
        if let root = try open(path) { return root }
        let directory: FileDescriptor
        do throws(SystemError) {
            try FileDescriptor.makeDirectories(path, mode: 0o700, parentMode: 0o755)
            directory = try FileDescriptor.open(path, flags: [.readOnly, .directory])
        } catch {
            throw unusable(path, error)
        }
        return try StateRoot(checking: directory, path)
    }

    private static func unusable(_ path: ByteString, _ error: SystemError, _ reason: String = "") -> RuntimeError {
        RuntimeError(
            .system, "the state directory \"" + path.displayText + "\" can't be used" + reason, error, path: path,
            hint: "choose another with --root")
    }

    /// Checks that only we can write to the directory. A forged record could have us kill any process (CVE-2021-41091,
    /// CVE-2024-25621).
    private init(checking directory: consuming FileDescriptor, _ path: ByteString) throws(RuntimeError) {
        let status: FileStatus
        do throws(SystemError) { status = try directory.status() } catch { throw StateRoot.unusable(path, error) }
        let refusal = SystemError("fstat", errno: .EPERM)
        guard status.user == Credentials.effectiveUser else {
            throw StateRoot.unusable(path, refusal, ", since it belongs to user " + String(status.user))
        }
        guard status.permissions & 0o022 == 0 else {
            throw StateRoot.unusable(path, refusal, ", since others may write to it")
        }
        descriptor = directory
        self.path = path
    }

    /// The ids of all containers, sorted. Entries that aren't directories or whose name can't be an id are left out.
    borrowing func containers() throws(RuntimeError) -> [ByteString] {
        try explaining(.system, "the state directory can't be read", path: path) { () throws(SystemError) in
            // Some file systems don't report the types of entries.
            let folders = try descriptor.entries().filter { $0.type == .directory || $0.type == nil }
            return folders.map { $0.name }.filter { ContainerID.isValid($0) }.ordered()
        }
    }
}
