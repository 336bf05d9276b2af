import Bytes
import Cgroups
import CLinux
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
        try end(procfs)
        try removeCgroup()
        try MountJournal.unmountAll(of: directory, rootfs: record.rootfs, procfs)
        runPoststopHooks(config)
        try directory.remove(from: root)
    }

    /// Ends whatever of it still runs.
    private func end(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step("end processes")
        guard let process = try record.process(procfs) else { return }
        try process.kill()
        try record.presentCgroup()?.thawToEnd()
        guard process.waitForEnd(milliseconds: 10_000) else {
            throw RuntimeError(
                .timeout, "the container's first process, " + String(record.pid) + ", hasn't ended 10 seconds after SIGKILL",
                hint: "is it waiting for a disk or a network file system?")
        }
    }

    /// Others may outlive the first: those without a pid namespace of their own, and those that `exec` brought in.
    private func removeCgroup() throws(RuntimeError) {
        guard let record = record.cgroup else { return }
        step("remove cgroup")
        let cgroup = try Cgroup(record: record)
        guard try cgroup.exists() else { return }
        // Of a creation that never came to a process, those in there are others': it may have been refused for that very reason.
        if self.record.pid > 0, !(try cgroup.processes().isEmpty) { try cgroup.kill(SIGKILL) }
        try cgroup.remove(within: 10_000)
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

    /// A hook that fails is worth a warning, no more: runtime.md, step 13.
    private func runPoststopHooks(_ config: Config?) {
        step("poststop hooks")
        guard let config else { return }
        HookRunner.runRegardless(
            config.hooks.poststop, kind: .poststop,
            state: record.state(.stopped),
            directory: record.bundle, log: settings.log)
    }
}

extension ProcessHandle {
    /// Kills it. That it has ended already is no error.
    borrowing func kill() throws(RuntimeError) {
        do throws(SystemError) {
            try send(signal: SIGKILL)
        } catch  where error.errno != ESRCH {
            throw RuntimeError(.system, "the container's first process can't be killed", error)
        } catch {}
    }
}
