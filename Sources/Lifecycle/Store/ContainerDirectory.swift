import Bytes
import Errors
import Linux
import OCI

/// One container's part of the state directory.
///
///     state.json     the record, replaced whole
///     record         a second copy of it, once the container is created: where the first is damaged, `delete --force` finds by
///                    this one what still runs
///     config.json    the configuration as it was at create
///     mounts         what is mounted for a container without a mount namespace
///     start          the socket where Init waits for `start`: gone once that was done
///
/// Whoever changes something holds a lock on the directory itself: it ends with its holder, however that ends.
struct ContainerDirectory: ~Copyable {
    let descriptor: FileDescriptor
    let id: ByteString

    static let recordName: ByteString = "state.json"
    static let copyName: ByteString = "record"
    static let configName: ByteString = "config.json"
    static let startSocketName: ByteString = "start"
    private static let recordLimit = 4 << 20

    /// Makes it. Of two that try, one wins: mkdir decides.
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

    /// - Returns: nil where there is nothing of that name.
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

    /// Opens what has to be there.
    static func require(_ id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> ContainerDirectory {
        try ContainerID.validate(id)
        if let root = try StateRoot.open(settings.root), let directory = try open(id, in: root) { return directory }
        throw RuntimeError(
            .containerNotFound, "container does not exist", path: settings.root + "/" + id,
            hint: "list shows the containers of this --root")
    }

    /// Waits for the lock, so long at most.
    ///
    /// - Returns: false if another holds it still.
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

    /// Whether another holds the lock now.
    @inline(never)
    borrowing func isLocked() throws(RuntimeError) -> Bool {
        // On an open file of its own: the lock that the answer comes by is gone with it.
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

    /// Whether it was removed while we held it open or waited for the lock. Its id may be another container's by now.
    private borrowing func isRemoved() throws(RuntimeError) -> Bool {
        try explaining(.system, "the container's state can't be looked at", path: id, descriptor.status().links == 0)
    }

    /// Takes the lock for a change, or says that another change is under way.
    borrowing func lockForChange() throws(RuntimeError) {
        guard try lock(milliseconds: 10_000) else {
            throw RuntimeError(
                .timeout, "another operation on container \"" + id.displayText + "\" has been under way for 10 seconds")
        }
        guard try !isRemoved() else {
            throw RuntimeError(.containerNotFound, "container does not exist: it was deleted at this moment", path: id)
        }
    }

    /// The record. Damage, `corruptState`, isn't the same as an error of the system: after that one the record may be whole.
    ///
    /// - Returns: nil where none was written yet, so that nothing was made either.
    borrowing func record() throws(RuntimeError) -> ContainerRecord? {
        if let bytes = try read(ContainerDirectory.recordName, "record", limit: ContainerDirectory.recordLimit) {
            return try ContainerRecord(decoding: bytes, id: id)
        }
        // The others are written after it, and removed before it.
        guard try hasMoreThanARecord() else { return nil }
        throw RuntimeError(
            .corruptState, "the record of container \"" + id.displayText + "\" is missing", path: ContainerDirectory.recordName,
            hint: ContainerRecord.damageHint)
    }

    private borrowing func hasMoreThanARecord() throws(RuntimeError) -> Bool {
        try explaining(.system, "the container's state can't be looked at", path: id) { () throws(SystemError) in
            let names = [
                ContainerDirectory.copyName, ContainerDirectory.configName, ContainerDirectory.startSocketName,
                MountJournal.name,
            ]
            for name in names {
                if try descriptor.contains(name) { return true }
            }
            return false
        }
    }

    /// The second copy of the record: nil where there is none, or it's damaged too.
    borrowing func copyOfRecord() throws(RuntimeError) -> ContainerRecord? {
        do throws(RuntimeError) {
            let bytes = try read(ContainerDirectory.copyName, "copied record", limit: ContainerDirectory.recordLimit)
            guard let bytes else { return nil }
            return try ContainerRecord(decoding: bytes, id: id)
        } catch  where error.code == .corruptState {
            return nil
        }
    }

    /// Reads one of our files: nil where there is none. What else may stand in its place, which isn't waited for, and what is longer
    /// than `limit` is damage; any other error says nothing about the file.
    private borrowing func read(_ name: ByteString, _ what: String, limit: Int) throws(RuntimeError) -> [UInt8]? {
        do throws(SystemError) {
            let file = try descriptor.open(name, flags: [.readOnly, .noFollow, .nonBlocking])
            guard try file.status().kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
            return try file.readAll(limit: limit)
        } catch  where error.errno == .ENOENT {
            return nil
        } catch {
            // ELOOP: a symbolic link; ENXIO: a socket, or a device that isn't there; EFBIG: the limit.
            let isDamaged = [.ELOOP, .ENXIO, .ENODEV, .EINVAL, .EFBIG].contains(error.errno)
            let subject = "the " + what + " of container \"" + id.displayText + "\" "
            guard isDamaged else { throw RuntimeError(.system, subject + "can't be read", error, path: name) }
            throw RuntimeError(.corruptState, subject + "is damaged", path: name, hint: ContainerRecord.damageHint)
        }
    }

    borrowing func write(_ record: ContainerRecord) throws(RuntimeError) {
        try write(record.encoded(), as: ContainerDirectory.recordName)
    }

    /// Writes the record of a container that is created: twice, since from now on it may stand for years.
    borrowing func writeWithCopy(_ record: ContainerRecord) throws(RuntimeError) {
        let bytes = record.encoded()
        try write(bytes, as: ContainerDirectory.copyName)
        try write(bytes, as: ContainerDirectory.recordName)
    }

    /// Puts a file in its place whole, or not at all. It isn't synchronised to a disk: what it describes doesn't outlive a restart of the
    /// machine.
    @inline(never)
    borrowing func write(_ bytes: [UInt8], as name: ByteString) throws(RuntimeError) {
        try explaining(
            .system, "the container's state can't be written", path: name,
            descriptor.replaceFile(name, with: bytes, mode: 0o600, temporary: name + ".new"))
    }

    borrowing func config() throws(RuntimeError) -> Config {
        guard let bytes = try read(ContainerDirectory.configName, "kept configuration", limit: 64 << 20) else {
            throw RuntimeError(
                .corruptState, "the kept configuration of container \"" + id.displayText + "\" is missing",
                path: ContainerDirectory.configName)
        }
        return try Config(parsing: bytes)
    }

    borrowing func isStarted() throws(RuntimeError) -> Bool {
        try explaining(
            .system, "can't tell whether the container was started", path: id,
            !descriptor.contains(ContainerDirectory.startSocketName))
    }

    /// While the socket is there the container counts as created, and a created one may be deleted: so this may not fail in silence.
    borrowing func markStarted() throws(RuntimeError) {
        do throws(SystemError) {
            try descriptor.unlink(ContainerDirectory.startSocketName)
        } catch  where error.errno != .ENOENT {
            throw RuntimeError(.system, "the container's state can't be changed", error, path: ContainerDirectory.startSocketName)
        } catch {}
    }

    /// Removes it with all that is in it. The record goes last: a removal that is broken off can be repeated.
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
