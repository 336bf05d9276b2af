import Bytes
import Cgroups
import Errors
import Linux
import OCI

struct Deletion {
    let record: ContainerRecord
    let settings: GlobalSettings

    func execute(
        _ directory: borrowing ContainerDirectory, _ root: borrowing StateRoot, _ procfs: borrowing ProcFileSystem, force: Bool
    ) throws(RuntimeError) {
        let status = try ContainerStatus(record, in: directory, procfs: procfs).status
        switch status {
        case .stopped, .created: break
        case .creating, .running, .paused:
            guard force else {
                throw RuntimeError(
                    .wrongState,
                    "cannot delete container " + record.id.displayText + " that is not stopped: " + status.name.description,
                    hint: "kill it first, or use delete --force")
            }
        }
        // Before anything is changed: an error may be over at the next attempt, and the hooks have to run then.
        let config = try keptConfiguration(directory)
        let container = UndoneContainer(
            made: record.made, poststop: config?.hooks.poststop ?? [], state: record.state(.stopped), log: settings.log)
        try container.undo(in: directory.descriptor, procfs)
        try directory.remove(from: root)
    }

    /// Nil where it's damaged, or was never written: then no hooks are known.
    private func keptConfiguration(_ directory: borrowing ContainerDirectory) throws(RuntimeError) -> Config? {
        do throws(RuntimeError) {
            return try directory.config()
        } catch  where error.code == .corruptState || error.code == .invalidConfig {
            // A creation that was broken off has none.
            if record.stage == .created { settings.log.warn("poststop hooks can't be run: " + error.message) }
            return nil
        }
    }
}
