import Cgroups
import Errors
import Linux
import OCI

extension ContainerRecord {
    /// What is known about how the container ended. The caller knows that it has stopped.
    ///
    /// A process's status goes to its parent only. wherry is the parent in `run`, which notes the status in the record; in other
    /// cases the kernel shows it until the parent takes it. The cgroup's counters stay until the container is deleted.
    ///
    /// - Parameter procfs: The host's procfs.
    /// - Returns: nil if nothing is known.
    func end(_ procfs: borrowing ProcFileSystem) -> ContainerState.End? {
        var end = ContainerState.End()
        switch exit ?? made.process?.statusUntilReaped(procfs) {
        case .exited(let status): end.exitStatus = status
        case .killed(let signal): end.signal = signal
        case nil: break
        }
        if let cgroup { end.outOfMemory = (try? Cgroup(record: cgroup))?.outOfMemory() }
        return end.exitStatus == nil && end.signal == nil && end.outOfMemory == nil ? nil : end
    }
}

extension MadeProcess {
    /// How the process ended, while it's a zombie. nil if it isn't one, or if the kernel doesn't tell.
    fileprivate func statusUntilReaped(_ procfs: borrowing ProcFileSystem) -> ExitStatus? {
        guard let birth = try? procfs.birth(of: pid), birth.startTime == startTime, birth.state == UInt8(ascii: "Z") else {
            return nil
        }
        return procfs.zombieStatus(of: pid)
    }
}

extension ContainerTransaction {
    /// Notes in the record how the first process ended, for a container that stays. Without effect if the container was deleted
    /// meanwhile.
    func keep(_ exit: ExitStatus) throws(RuntimeError) {
        do throws(RuntimeError) {
            try directory.lockForChange()
        } catch  where error.code == .containerNotFound {
            return
        }
        record.exit = exit
        try directory.write(record)
        directory.unlock()
    }
}
