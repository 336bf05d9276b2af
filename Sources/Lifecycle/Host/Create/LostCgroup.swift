import Cgroups
import Errors
import Linux
import OCI

extension ContainerTransaction {
    /// Whether the container couldn't be made because another program has removed a directory of its cgroup.
    ///
    /// On cgroup v1 systemd does that to every empty cgroup in the hierarchy of a controller, and takes all processes out of
    /// theirs, when the first unit begins to use the controller or the last one ceases to.
    ///
    /// - Parameter error: Why the container couldn't be made. No hook of the container's has run before an error with code
    ///   `cgroup` and one of these numbers: Init enters and mounts its cgroups before that.
    /// - Returns: Whether it makes sense to begin again.
    func hasLostCgroup(because error: RuntimeError) -> Bool {
        guard error.code == .cgroup, error.errno == .ENOENT || error.errno == .ENODEV, let cgroup else { return false }
        return (try? cgroup.isComplete()) == false
    }

    /// Undoes what was made, so that it can be made again. The container's directory and its lock stay.
    ///
    /// - Returns: Whether everything could be undone.
    func startOver() -> Bool {
        settings.log.debug("another program has removed the container's cgroup; making it again")
        // No hook has run, so the poststop hooks have nothing to take down.
        let container = UndoneContainer(
            made: record.made, poststop: [], state: plan.identity.state(.stopped, pid: 0), log: settings.log)
        do throws(RuntimeError) {
            try container.undo(in: directory.descriptor, procfs)
        } catch {
            return false
        }
        if let process, !process.isReaped { _ = try? process.handle.wait() }
        process = nil
        cgroup = nil
        unit = nil
        resctrl = nil
        if let made = record.made.process { record.made.remove(.process(made)) }
        if let made = record.made.cgroup { record.made.remove(.cgroup(made)) }
        if let made = record.made.unit { record.made.remove(.unit(made)) }
        if let made = record.made.resctrl { record.made.remove(.resctrl(made)) }
        for name in [ContainerDirectory.startSocketName, NotifyPlace.folder, MountJournal.name] {
            try? directory.descriptor.removeAll(name)
        }
        return true
    }
}
