import Bytes
import CLinux
import Errors
import Linux
import OCI

/// One container's part of the state directory.
///
///     state.json     the record, replaced whole
///     config.json    the configuration as it was at create
///     mounts         what is mounted for a container without a mount namespace
///     start          the socket where Init waits for `start`: gone once that was done
///
/// Whoever changes something holds a lock on the directory itself: it ends with its holder, however that ends.
struct ContainerDirectory: ~Copyable {
    let descriptor: FileDescriptor
    let id: ByteString

    static let recordName: ByteString = "state.json"
    static let configName: ByteString = "config.json"
    static let startSocketName: ByteString = "start"
    private static let recordLimit = 4 << 20

    /// Makes it. Of two that try, one wins: mkdir decides.
    static func make(_ id: ByteString, in root: borrowing StateRoot) throws(RuntimeError) -> ContainerDirectory {
        do throws(SystemError) {
            try root.descriptor.makeDirectory(id, mode: 0o700)
        } catch  where error.errno == EEXIST {
            throw RuntimeError(
                .containerExists, "container with given ID already exists", path: root.path + "/" + id,
                hint: "delete \"" + id.displayText + "\" first, or choose another id")
        } catch {
            throw RuntimeError(.system, "the container's state can't be kept", error, path: root.path + "/" + id)
        }
        do throws(SystemError) {
            let directory = try root.descriptor.open(id, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            return ContainerDirectory(descriptor: directory, id: id)
        } catch {
            try? root.descriptor.unlink(id, flags: AT_REMOVEDIR)
            throw RuntimeError(.system, "the container's state can't be kept", error, path: root.path + "/" + id)
        }
    }

    static func open(_ id: ByteString, in root: borrowing StateRoot) throws(RuntimeError) -> ContainerDirectory? {
        do throws(SystemError) {
            let directory = try root.descriptor.open(id, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            return ContainerDirectory(descriptor: directory, id: id)
        } catch  where error.errno == ENOENT || error.errno == ENOTDIR {
            return nil
        } catch {
            throw RuntimeError(.system, "the container's state can't be opened", error, path: root.path + "/" + id)
        }
    }

    /// Opens what has to be there.
    static func require(_ id: ByteString, _ host: HostOptions) throws(RuntimeError) -> ContainerDirectory {
        try ContainerID.validate(id)
        if let root = try StateRoot.open(host.root), let directory = try open(id, in: root) { return directory }
        throw RuntimeError(
            .containerNotFound, "container does not exist", path: host.root + "/" + id,
            hint: "list shows the containers of this --root")
    }

    /// Waits for the lock, so long at most.
    ///
    /// - Returns: false if another holds it still.
    borrowing func lock(milliseconds: Int) throws(RuntimeError) -> Bool {
        let deadline = Deadline(milliseconds: milliseconds)
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard c_errno() == EWOULDBLOCK || c_errno() == EINTR else {
                throw RuntimeError(.system, "the container can't be locked", .last("flock"))
            }
            if deadline.isOver { return false }
            Clock.sleep(milliseconds: 2)
        }
        return true
    }

    borrowing func unlock() { _ = flock(descriptor.rawValue, LOCK_UN) }

    /// Whether another holds the lock now.
    borrowing func isLocked() throws(RuntimeError) -> Bool {
        // On an open file of its own: the lock that the answer comes by is gone with it.
        let again = try explaining(.system, "the container's state can't be opened") { () throws(SystemError) in
            try descriptor.open(".", flags: O_RDONLY | O_DIRECTORY)
        }
        return flock(again.rawValue, LOCK_SH | LOCK_NB) != 0
    }

    /// Whether it was removed while we held it open or waited for the lock. Its id may be another container's by now.
    private borrowing func isRemoved() -> Bool { (try? descriptor.status())?.st_nlink == 0 }

    /// Takes the lock for a change, or says that another change is under way.
    borrowing func lockForChange() throws(RuntimeError) {
        guard try lock(milliseconds: 10_000) else {
            throw RuntimeError(
                .timeout, "another operation on container \"" + id.displayText + "\" has been under way for 10 seconds")
        }
        guard !isRemoved() else {
            throw RuntimeError(.containerNotFound, "container does not exist", path: id, hint: "it was deleted at this moment")
        }
    }

    /// - Returns: nil where nothing was written yet.
    borrowing func record() throws(RuntimeError) -> ContainerRecord? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try read(ContainerDirectory.recordName, limit: ContainerDirectory.recordLimit)
        } catch  where error.errno == ENOENT {
            return nil
        } catch {
            throw RuntimeError(.corruptState, "the record of container \"" + id.displayText + "\" can't be read", error)
        }
        return try ContainerRecord(decoding: bytes, id: id)
    }

    /// Reads one of our files: what else may stand in its place isn't waited for.
    private borrowing func read(_ name: ByteString, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try descriptor.open(name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard try file.status().kind == .regular else { throw SystemError("openat", errno: EINVAL) }
        return try file.readAll(limit: limit)
    }

    borrowing func write(_ record: ContainerRecord) throws(RuntimeError) {
        try write(record.encoded(), as: ContainerDirectory.recordName)
    }

    /// Puts a file in its place whole, or not at all.
    borrowing func write(_ bytes: [UInt8], as name: ByteString) throws(RuntimeError) {
        try explaining(.system, "the container's state can't be written", path: name) { () throws(SystemError) in
            let temporary = name + ".new"
            do throws(SystemError) {
                let file = try descriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
                try file.writeAll(bytes)
                _ = fdatasync(file.rawValue)
                try descriptor.rename(temporary, to: name)
            } catch {
                try? descriptor.unlink(temporary)
                throw error
            }
        }
    }

    borrowing func config() throws(RuntimeError) -> Config {
        let bytes = try explaining(.corruptState, "the kept configuration can't be read", path: ContainerDirectory.configName) {
            () throws(SystemError) in
            try read(ContainerDirectory.configName, limit: 64 << 20)
        }
        return try Config(parsing: bytes)
    }

    borrowing func isStarted() -> Bool {
        var status = stat()
        return ContainerDirectory.startSocketName.withCString {
            fstatat(descriptor.rawValue, $0, &status, AT_SYMLINK_NOFOLLOW)
        } != 0
    }

    /// Removes it with all that is in it.
    borrowing func remove(from root: borrowing StateRoot) throws(RuntimeError) {
        if isRemoved() { return }
        try explaining(.system, "the container's state can't be removed", path: root.path + "/" + id) { () throws(SystemError) in
            for entry in try descriptor.entries() { try descriptor.unlink(entry.name) }
            try root.descriptor.unlink(id, flags: AT_REMOVEDIR)
        }
    }
}
