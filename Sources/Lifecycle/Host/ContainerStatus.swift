import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// What a container is doing now, from its record and the kernel's own word.
struct ContainerStatus {
    let record: ContainerRecord
    let status: ContainerState.Status

    /// `directory`: the lock isn't needed: the record is replaced whole, and a process that ends under our eyes may end a
    ///   moment later just as well.
    ///
    /// `isAlive`: whether its first process is there, where that's known already.
    init(
        _ record: ContainerRecord, in directory: borrowing ContainerDirectory, procfs: borrowing ProcFileSystem,
        isAlive: Bool? = nil
    ) throws(RuntimeError) {
        self.record = record
        let isAlive = if let isAlive { isAlive } else { try record.process(procfs) != nil }
        guard isAlive else {
            // A create under way may not have come to its process yet.
            let mayBeUnderWay = record.stage == .creating && record.pid == 0
            let isLocked = try directory.isLocked()
            status = mayBeUnderWay && isLocked ? .creating : .stopped
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
    /// As `state` and hooks show it: a container that has stopped has no process.
    func state(_ status: ContainerState.Status) -> ContainerState {
        ContainerState(
            ociVersion: ociVersion, id: id, pid: status == .stopped ? 0 : pid, status: status, bundle: bundle, rootfs: rootfs,
            created: created, annotations: annotations, owner: "")
    }

    /// A handle on the first process: nil where it has ended.
    func process(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> ProcessHandle? {
        guard let process = made.process else { return nil }
        return try process.handle(procfs)
    }

    func isPaused() throws(RuntimeError) -> Bool {
        guard let cgroup else { return false }
        return try Cgroup(record: cgroup).isFrozen()
    }

    /// nil where it has none: made so, or by a user who may make none.
    func presentCgroup() throws(RuntimeError) -> Cgroup? {
        guard let cgroup else { return nil }
        let group = try Cgroup(record: cgroup)
        return group.isNowhere ? nil : group
    }

    /// The cgroup of a container that has one. `purpose` says what it's wanted for: "paused".
    func requireCgroup(_ purpose: String) throws(RuntimeError) -> Cgroup {
        if let group = try presentCgroup() { return group }
        throw RuntimeError(
            .unsupported, "the container has no cgroup, and without one it can't be " + purpose,
            hint: "create it by a user who may make cgroups: docs/rootless.md")
    }
}

func hostProcFileSystem() throws(RuntimeError) -> ProcFileSystem {
    try explaining(.system, "/proc is not a procfs, and none can be mounted", ProcFileSystem.forHost())
}

/// The record of a container that has one.
extension ContainerDirectory {
    borrowing func requireRecord() throws(RuntimeError) -> ContainerRecord {
        guard let record = try record() else {
            throw RuntimeError(
                .containerNotFound, "container does not exist: its creation was broken off", path: id,
                hint: "delete --force removes what is left of it")
        }
        return record
    }
}
