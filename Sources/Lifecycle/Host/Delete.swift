public import Bytes
import Cgroups
import CLinux
public import Errors
import Linux
import OCI

/// Deletes a container: runtime.md, "Delete".
///
/// A created one, which was never started, is ended and deleted too: engines rely on it. A running one only with `force`, and then
/// whatever was left of it, half-made or damaged.
public func deleteContainer(id: ByteString, force: Bool, _ host: HostOptions) throws(RuntimeError) {
    c_ignore_signal(SIGPIPE)
    let directory: ContainerDirectory
    do throws(RuntimeError) {
        directory = try ContainerDirectory.require(id, host)
    } catch  where force && error.code == .containerNotFound {
        return
    }
    guard let root = try StateRoot.open(host.root) else { return }
    let procfs = try hostProcFileSystem()
    if force { endWhatBlocks(directory, procfs) }
    do throws(RuntimeError) {
        try directory.lockForChange()
    } catch  where force && error.code == .containerNotFound {
        return
    }
    let record: ContainerRecord?
    do throws(RuntimeError) {
        record = try directory.record()
    } catch  where force {
        // Nothing that a damaged record says is acted on: only the record goes.
        host.log.warn(error.message)
        try directory.remove(from: root)
        return
    }
    guard let record else {
        guard force else { _ = try directory.requireRecord(); return }
        try directory.remove(from: root)
        return
    }
    try Deletion(record: record, host: host).execute(directory, root, procfs, force: force)
}

/// Another operation may wait for the container's first process, which may wait for ever: for a hook, for a file system that doesn't
/// answer. With that process gone, the other fails and lets go.
private func endWhatBlocks(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) {
    guard (try? directory.lock(milliseconds: 100)) == false, let record = try? directory.record(),
        let process = try? record.process(procfs)
    else { return }
    try? process.send(signal: SIGKILL)
}

struct Deletion {
    let record: ContainerRecord
    let host: HostOptions

    func execute(
        _ directory: borrowing ContainerDirectory, _ root: borrowing StateRoot, _ procfs: borrowing ProcFileSystem, force: Bool
    ) throws(RuntimeError) {
        let status = try Observation(record, in: directory, procfs: procfs).status
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
        try end(procfs)
        try removeCgroup()
        try MountJournal.unmountAll(of: directory, rootfs: record.rootfs, procfs)
        runPoststopHooks(directory)
        try directory.remove(from: root)
    }

    /// Ends whatever of it still runs.
    private func end(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step("end processes")
        guard let process = try record.process(procfs) else { return }
        try? process.send(signal: SIGKILL)
        try record.thawIfPaused()
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
        guard cgroup.exists() else { return }
        // Of a creation that never came to a process, those in there are others': it may have been refused for that very reason.
        if self.record.pid > 0, !(try cgroup.processes().isEmpty) { try cgroup.kill(SIGKILL) }
        try cgroup.remove(within: 10_000)
    }

    /// A hook that fails is worth a warning, no more: runtime.md, step 13.
    private func runPoststopHooks(_ directory: borrowing ContainerDirectory) {
        step("poststop hooks")
        let config: Config
        do throws(RuntimeError) {
            config = try directory.config()
        } catch {
            // A creation that was broken off has none.
            if record.stage == .created { host.log.warn(error.message) }
            return
        }
        HookRunner.runRegardless(
            config.hooks.poststop, kind: .poststop,
            state: record.state(.stopped),
            directory: record.bundle, log: host.log)
    }
}
