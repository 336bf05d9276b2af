import Bytes
import Errors
import Linux
import OCI

/// The folder of one container in the state directory.
///
///     state.json     the record, which is always replaced as a whole
///     record         a second copy of the record, once the container is created. If state.json is damaged, `delete --force`
///                    reads here what may still run
///     config.json    the configuration as it was at `create`
///     mounts         the mounts of a container without a mount namespace (MountJournal)
///     notify         the folder with the socket for sd_notify(3), if the container has one (NotifyPlace)
///     start          the socket on which the prepared process waits for `start`; removed once the container is started
///
/// A command that changes something holds a lock on the directory itself. The kernel releases the lock when the command ends,
/// even by a crash.
struct ContainerDirectory: ~Copyable {
    let descriptor: FileDescriptor
    let id: ByteString

    static let recordName: ByteString = "state.json"
    static let copyName: ByteString = "record"
    static let configName: ByteString = "config.json"
    static let startSocketName: ByteString = "start"

    /// Makes the directory. If two commands make a container of the same id, mkdir(2) succeeds for one of them only.
    static func make(_ id: ByteString, in root: borrowing StateRoot) throws(RuntimeError) -> ContainerDirectory {
        do throws(SystemError) {
            try root.descriptor.makeDirectory(id, mode: 0o700)
        } catch  where error.errno == .EEXIST {
            throw RuntimeError(
                .containerExists, "container with given ID already exists", path: root.path + "/" + id,
                hint: "delete \"" + id.displayText + "\" first, or choose another id")
        } catch {
            throw RuntimeError(.system, "the container's state can't be kept", error, path: root.path + "/" + id)
        }
        do throws(SystemError) {
            let directory = try root.descriptor.open(id, flags: [.readOnly, .directory, .noFollow])
            return ContainerDirectory(descriptor: directory, id: id)
        } catch {
            try? root.descriptor.removeDirectory(id)
            throw RuntimeError(.system, "the container's state can't be kept", error, path: root.path + "/" + id)
        }
    }

    /// Opens the directory of a container.
    ///
    /// - Parameters:
    ///   - id: The container's id.
    ///   - root: The state root.
    /// - Returns: nil if there is nothing of that name.
    /// - Throws: `corruptState` if something else than a directory is there, `system` if it can't be opened.
    @inline(never)
    static func open(_ id: ByteString, in root: borrowing StateRoot) throws(RuntimeError) -> ContainerDirectory? {
        do throws(SystemError) {
            let directory = try root.descriptor.open(id, flags: [.readOnly, .directory, .noFollow])
            return ContainerDirectory(descriptor: directory, id: id)
        } catch  where error.errno == .ENOENT {
            return nil
        } catch  where error.errno == .ENOTDIR {
            throw RuntimeError(
                .corruptState, "what the state directory has for container \"" + id.displayText + "\" can't be a container's",
                error,
                path: root.path + "/" + id, hint: "delete --force removes it")
        } catch {
            throw RuntimeError(.system, "the container's state can't be opened", error, path: root.path + "/" + id)
        }
    }

    /// Opens the directory of a container that must exist: `containerNotFound` is thrown if it doesn't.
    static func require(_ id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> ContainerDirectory {
        try ContainerID.validate(id)
        if let root = try StateRoot.open(settings.root) { return try require(id, in: root) }
        throw notFound(id, settings.root)
    }

    /// Opens the directory of a container that must exist in a state directory.
    static func require(_ id: ByteString, in root: borrowing StateRoot) throws(RuntimeError) -> ContainerDirectory {
        if let directory = try open(id, in: root) { return directory }
        throw notFound(id, root.path)
    }

    static func notFound(_ id: ByteString, _ root: ByteString) -> RuntimeError {
        RuntimeError(
            .containerNotFound, "container does not exist", path: root + "/" + id,
            hint: "\"wherry list\" shows the containers of this --root")
    }

    /// Waits for the lock.
    ///
    /// - Parameter milliseconds: How long to wait at most.
    /// - Returns: false if another command still holds the lock.
    /// - Throws: `system` if the kernel refuses to lock the directory.
    borrowing func lock(milliseconds: Int) throws(RuntimeError) -> Bool {
        let deadline = Deadline(milliseconds: milliseconds)
        while true {
            do throws(SystemError) {
                try descriptor.lock(.exclusive)
                return true
            } catch  where error.errno == .EAGAIN || error.errno == .EINTR {
                if deadline.isOver { return false }
                Clock.sleep(milliseconds: 2)
            } catch {
                throw RuntimeError(.system, "the container can't be locked", error)
            }
        }
    }

    borrowing func unlock() { descriptor.unlock() }

    /// Whether another command holds the lock now.
    @inline(never)
    borrowing func isLocked() throws(RuntimeError) -> Bool {
        // A shared lock is tried on an open file of its own. Closing that file releases the lock again (flock(2)).
        let again = try explaining(
            .system, "the container's state can't be opened", descriptor.open(".", flags: [.readOnly, .directory]))
        while true {
            do throws(SystemError) {
                try again.lock(.shared)
                return false
            } catch  where error.errno == .EAGAIN {
                return true
            } catch  where error.errno != .EINTR {
                throw RuntimeError(.system, "can't tell whether another operation on the container is under way", error)
            } catch {}
        }
    }

    /// Whether the directory was removed since we opened it. Another container may have the same id by now.
    private borrowing func isRemoved() throws(RuntimeError) -> Bool {
        try explaining(.system, "the container's state can't be looked at", path: id, descriptor.status().links == 0)
    }

    /// Takes the lock for a change, unless we hold it already. After 10 seconds the error says that another operation is under
    /// way.
    borrowing func lockForChange(isLocked: Bool = false) throws(RuntimeError) {
        let isOurs = isLocked ? true : try lock(milliseconds: 10_000)
        guard isOurs else {
            throw RuntimeError(
                .timeout, "another operation on container \"" + id.displayText + "\" has been under way for 10 seconds")
        }
        guard try !isRemoved() else {
            throw RuntimeError(.containerNotFound, "container does not exist: it was deleted at this moment", path: id)
        }
    }

    /// Reads the record.
    ///
    /// - Returns: nil if no record has been written yet; then nothing has been made either.
    /// - Throws: `corruptState` if the record is damaged or missing, `system` if it can't be read, though it may be intact.
    borrowing func record() throws(RuntimeError) -> ContainerRecord? {
        if let bytes = try read(ContainerDirectory.recordName, "record", limit: ContainerRecord.maximumLength) {
            return try ContainerRecord(decoding: bytes, id: id)
        }
        // All other files are written after the record and removed before it. If one of them is there, the record has been
        // lost.
        guard try hasMoreThanARecord() else { return nil }
        throw RuntimeError(
            .corruptState, "the record of container \"" + id.displayText + "\" is missing", path: ContainerDirectory.recordName,
            hint: ContainerRecord.damageHint)
    }

    private borrowing func hasMoreThanARecord() throws(RuntimeError) -> Bool {
        try explaining(.system, "the container's state can't be looked at", path: id) { () throws(SystemError) in
            let names = [
                ContainerDirectory.copyName, ContainerDirectory.configName, ContainerDirectory.startSocketName,
                MountJournal.name, NotifyPlace.folder,
            ]
            for name in names {
                if try descriptor.contains(name) { return true }
            }
            return false
        }
    }

    /// Reads the second copy of the record: nil if there is none, or if it's damaged, too.
    borrowing func copyOfRecord() throws(RuntimeError) -> ContainerRecord? {
        do throws(RuntimeError) {
            let bytes = try read(ContainerDirectory.copyName, "copied record", limit: ContainerRecord.maximumLength)
            guard let bytes else { return nil }
            return try ContainerRecord(decoding: bytes, id: id)
        } catch  where error.code == .corruptState {
            return nil
        }
    }

    /// Reads a file of this directory.
    ///
    /// - Parameters:
    ///   - name: The name of the file.
    ///   - what: The words for it in errors.
    ///   - limit: The most bytes that the file may have.
    /// - Returns: nil if there is no such file.
    /// - Throws: `corruptState` if the file is no regular file or longer than the limit, `system` for every other failure,
    ///   since that doesn't say that the file is damaged.
    private borrowing func read(_ name: ByteString, _ what: String, limit: Int) throws(RuntimeError) -> [UInt8]? {
        do throws(SystemError) {
            let file = try descriptor.open(name, flags: [.readOnly, .noFollow, .nonBlocking])
            let status = try file.status()
            guard status.kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
            return try file.readAll(limit: limit, size: status.size)
        } catch  where error.errno == .ENOENT {
            return nil
        } catch {
            // ELOOP: a symbolic link; ENXIO: a socket or a missing device; EFBIG: longer than the limit.
            let isDamaged = [.ELOOP, .ENXIO, .ENODEV, .EINVAL, .EFBIG].contains(error.errno)
            let subject = "the " + what + " of container \"" + id.displayText + "\" "
            guard isDamaged else { throw RuntimeError(.system, subject + "can't be read", error, path: name) }
            throw RuntimeError(.corruptState, subject + "is damaged", path: name, hint: ContainerRecord.damageHint)
        }
    }

    /// Writes the record in place of the former one.
    borrowing func write(_ record: ContainerRecord) throws(RuntimeError) {
        try write(record.encoded(), as: ContainerDirectory.recordName)
    }

    /// Writes the record of a created container, and its second copy: from now on the record may have to last for years.
    borrowing func writeWithCopy(_ record: ContainerRecord) throws(RuntimeError) {
        let bytes = record.encoded()
        try make(ContainerDirectory.copyName, holding: bytes)
        try write(bytes, as: ContainerDirectory.recordName)
    }

    /// Replaces a file as a whole, or not at all. It isn't synchronised to disk: a container doesn't outlive a restart of the
    /// machine anyway.
    @inline(never)
    borrowing func write(_ bytes: [UInt8], as name: ByteString) throws(RuntimeError) {
        try explaining(
            .system, "the container's state can't be written", path: name,
            descriptor.replaceFile(name, with: bytes, mode: 0o600, temporary: name + ".new"))
    }

    /// Makes a file that `create` writes only once. Until the record says that the container is created, nobody needs it whole.
    borrowing func make(_ name: ByteString, holding bytes: [UInt8]) throws(RuntimeError) {
        try explaining(
            .system, "the container's state can't be written", path: name,
            descriptor.makeFile(name, holding: bytes, mode: 0o600))
    }

    /// Reads the configuration as it was at `create`.
    borrowing func config() throws(RuntimeError) -> Config {
        guard let bytes = try read(ContainerDirectory.configName, "kept configuration", limit: JSONValue.maximumLength) else {
            throw RuntimeError(
                .corruptState, "the kept configuration of container \"" + id.displayText + "\" is missing",
                path: ContainerDirectory.configName)
        }
        return try Config(parsing: bytes)
    }

    /// Whether the container was started: its start socket is gone.
    borrowing func isStarted() throws(RuntimeError) -> Bool {
        try explaining(
            .system, "can't tell whether the container was started", path: id,
            !descriptor.contains(ContainerDirectory.startSocketName))
    }

    /// Removes the start socket. While the socket exists, the container counts as created, and `delete` accepts a created
    /// container. So a failure must be reported.
    borrowing func markStarted() throws(RuntimeError) {
        do throws(SystemError) {
            try descriptor.unlink(ContainerDirectory.startSocketName)
        } catch  where error.errno != .ENOENT {
            throw RuntimeError(.system, "the container's state can't be changed", error, path: ContainerDirectory.startSocketName)
        } catch {}
    }

    /// Removes the directory with everything in it. The record goes last, so that an interrupted removal can be repeated.
    borrowing func remove(from root: borrowing StateRoot) throws(RuntimeError) {
        if try isRemoved() { return }
        try explaining(.system, "the container's state can't be removed", path: root.path + "/" + id) { () throws(SystemError) in
            let names = try descriptor.entries().map { $0.name }
            for name in names where name != ContainerDirectory.recordName { try descriptor.removeAll(name) }
            if names.contains(ContainerDirectory.recordName) { try descriptor.removeAll(ContainerDirectory.recordName) }
            try root.descriptor.removeDirectory(id)
        }
    }
}
