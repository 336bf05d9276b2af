import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// What a container is doing now, according to its record and to the kernel.
struct ContainerStatus {
    let record: ContainerRecord
    let status: ContainerState.Status

    /// Finds out the status of a container.
    ///
    /// The caller needn't hold the container's lock: the record is always replaced as a whole, and a process that ends during
    /// the call could as well end a moment later. `create` holds the lock all the time, so a caller that has it must say so.
    ///
    /// - Parameters:
    ///   - given: The container's record.
    ///   - directory: The container's directory.
    ///   - procfs: The host's procfs.
    ///   - isLockedByUs: Whether the caller holds the container's lock, so that no `create` can be under way.
    ///   - isAlive: Whether the container's first process is there; nil if the caller doesn't know yet.
    /// - Throws: An error if the status can't be found out.
    init(
        _ given: ContainerRecord, in directory: borrowing ContainerDirectory, procfs: borrowing ProcFileSystem,
        isLockedByUs: Bool, isAlive: Bool? = nil
    ) throws(RuntimeError) {
        var record = given
        var isAlive = if let isAlive { isAlive } else { try record.process(procfs) != nil }
        if record.stage == .creating, record.pid == 0, !isLockedByUs {
            // If `create` still holds the lock, it just hasn't made the process yet.
            if try directory.isLocked() {
                self.record = record
                status = .creating
                return
            }
            // Otherwise it was killed, or has come to its end since the record was read.
            if let now = try directory.record() { record = now }
            isAlive = try record.process(procfs) != nil
        }
        self.record = record
        guard isAlive else {
            status = .stopped
            return
        }
        if record.stage == .creating {
            status = .creating
        } else if try record.isPaused() {
            status = .paused
        } else {
            status = try directory.isStarted() ? .running : .created
        }
    }

    var state: ContainerState { record.state(status) }
}

extension ContainerRecord {
    /// The state as `state` and hooks show it. A container that has stopped has pid 0.
    func state(_ status: ContainerState.Status) -> ContainerState {
        ContainerState(
            ociVersion: ociVersion, id: id, pid: status == .stopped ? 0 : pid, status: status, bundle: bundle, rootfs: rootfs,
            created: created, annotations: annotations, owner: "")
    }

    /// A handle on the container's first process, or nil if that process has ended or was never made.
    func process(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ProcessHandle? {
        guard let process = made.process else { return nil }
        return try process.handle(procfs)
    }

    /// Whether the container's cgroup is frozen. A container without a cgroup is never paused.
    func isPaused() throws(RuntimeError) -> Bool {
        try cgroup?.isFrozen() ?? false
    }

    /// The container's cgroup, or nil if it has none: because none was asked for, or because the user who created the container
    /// may not make cgroups.
    func presentCgroup() throws(RuntimeError) -> Cgroup? {
        guard let cgroup else { return nil }
        let group = try Cgroup(record: cgroup)
        return group.isNowhere ? nil : group
    }

    /// The container's cgroup, which a command needs.
    ///
    /// - Parameter purpose: What the command does to the container, for the error message: "paused".
    /// - Returns: The cgroup.
    /// - Throws: An error if the container has no cgroup.
    func requireCgroup(_ purpose: String) throws(RuntimeError) -> Cgroup {
        if let group = try presentCgroup() { return group }
        throw RuntimeError(
            .unsupported, "the container has no cgroup, and without one it can't be " + purpose,
            hint: "create it by a user who may make cgroups: docs/rootless.md")
    }
}

/// The host's procfs: the one at /proc or, if that can't be used, one that only we see.
func hostProcFileSystem() throws(RuntimeError) -> ProcFileSystem {
    try explaining(.system, "/proc is not a procfs, and none can be mounted", ProcFileSystem.forHost())
}

extension ContainerDirectory {
    /// The container's record.
    ///
    /// - Returns: The record.
    /// - Throws: An error if the record was never written, is damaged or can't be read.
    borrowing func requireRecord() throws(RuntimeError) -> ContainerRecord {
        guard let record = try record() else {
            throw RuntimeError(
                .containerNotFound, "container does not exist: its creation was broken off", path: id,
                hint: "delete --force removes what is left of it")
        }
        return record
    }
}
