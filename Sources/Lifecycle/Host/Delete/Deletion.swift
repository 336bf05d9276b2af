import Bytes
import Cgroups
import Errors
import Linux
import OCI

/// The deletion of a container by its record.
struct Deletion {
    let record: ContainerRecord
    let settings: GlobalSettings
    /// The poststop hooks, if they're known: otherwise they're read from the kept configuration.
    var poststop: [Hook]?

    /// Undoes everything that the record lists, runs the poststop hooks and removes the container's directory.
    ///
    /// - Parameters:
    ///   - directory: The container's directory, which the caller has locked.
    ///   - root: The state directory.
    ///   - procfs: The host's procfs.
    ///   - force: Whether a container that is being created, running or paused is deleted too.
    /// - Throws: An error if the container may not be deleted, or anything of it is left.
    func execute(
        _ directory: borrowing ContainerDirectory, _ root: borrowing StateRoot, _ procfs: borrowing ProcFileSystem, force: Bool
    ) throws(RuntimeError) {
        if !force { try refuseUnlessStopped(directory, procfs) }
        // Read before anything is undone: if a passing error prevents reading now, the hooks can still run at the next attempt.
        let hooks = if let poststop { poststop } else { try keptHooks(directory) }
        let container = UndoneContainer(
            made: record.made, poststop: hooks, state: record.state(.stopped), log: settings.log)
        try container.undo(in: directory.descriptor, procfs)
        try directory.remove(from: root)
    }

    /// The poststop hooks that the record lists.
    private func keptHooks(_ directory: borrowing ContainerDirectory) throws(RuntimeError) -> [Hook] {
        guard record.made.hasHooks else { return [] }
        return try keptConfiguration(directory)?.hooks.poststop ?? []
    }

    private func refuseUnlessStopped(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        let status = try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: true).status
        switch status {
        case .stopped, .created: break
        case .creating, .running, .paused:
            throw RuntimeError(
                .wrongState,
                "cannot delete container " + record.id.displayText + " that is not stopped: " + status.name.description,
                hint: status == .creating ? "delete --force ends it and removes it" : "kill it first, or use delete --force")
        }
    }

    /// The configuration that `create` kept, or nil if it's damaged or was never written. Then the poststop hooks aren't known.
    private func keptConfiguration(_ directory: borrowing ContainerDirectory) throws(RuntimeError) -> Config? {
        do throws(RuntimeError) {
            return try directory.config()
        } catch  where error.code == .corruptState || error.code == .invalidConfig {
            // An interrupted `create` has kept no configuration, so that needs no warning.
            if record.stage == .created { settings.log.warn("poststop hooks can't be run: " + error.message) }
            return nil
        }
    }
}
