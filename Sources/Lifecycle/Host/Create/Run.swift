import Bytes
public import Errors
import Linux
import OCI

/// Creates and starts a container. Unless `run` is detached, it then waits for the container's end and deletes the container.
///
/// - Returns: The exit status for the shell: 0 if detached, otherwise the program's own, or 128 + n for signal n.
public func runContainer(_ options: RunOptions, _ settings: GlobalSettings) throws(RuntimeError) -> Int32 {
    let create = try prepareCaller(options.create, settings)
    // Makes orphans of the container our children, not our caller's, so that we can reap them.
    if !options.detach, !options.noSubreaper { OwnProcess.becomeSubreaper() }
    let creation = try CreateSession.begin(create, detached: options.detach, settings)
    // From here on signals are blocked and kept for the container. One that would end us still interrupts `create` and `start`
    // while they wait (Patience).
    let signals = options.detach ? nil : try SignalRelay()
    try creation.execute()
    guard let process = creation.process else {
        throw RuntimeError(.system, "the container has no process")
    }
    let container = creation.transaction
    let started: StartedContainer
    do throws(RuntimeError) {
        started = try container.start()
        container.directory.unlock()
        DescriptorClosing.closeGathered()
    } catch {
        container.directory.unlock()
        settings.log.sharesStderr = false
        deleteRegardless(container)
        throw error
    }
    guard let signals else {
        try started.notify?.awaitReadiness(of: started.process, pid: started.pid)
        DescriptorClosing.leaveToExit()
        return 0
    }
    return try awaitEnd(of: process, signals, notify: started.notify, container, keep: options.keep)
}

/// Relays terminal and signals until the container's first process ends, then deletes the container.
///
/// - Parameters:
///   - process: The container's first process.
///   - signals: The signals to pass on.
///   - notify: Passes on what the container tells the service manager.
///   - container: The container.
///   - keep: Whether the container isn't deleted after its end.
/// - Returns: The exit status for the shell: the program's own, or 128 + n for signal n.
/// - Throws: An error if the end can't be waited for, or the container can't be deleted.
func awaitEnd(
    of process: ContainerProcess, _ signals: consuming SignalRelay, notify: NotifyRelay? = nil, _ container: ContainerTransaction,
    keep: Bool
) throws(RuntimeError) -> Int32 {
    let status: ExitStatus
    do throws(RuntimeError) {
        status = try Foreground(process: process, signals: signals, notify: notify).wait()
    } catch {
        container.settings.log.sharesStderr = false
        deleteRegardless(container)
        throw error
    }
    container.settings.log.sharesStderr = false
    if keep { try container.keep(status) } else { try container.delete() }
    DescriptorClosing.leaveToExit()
    return status.shellStatus
}

/// Deletes the container after a failure. If that fails too, it's only a warning: the caller throws the first error.
private func deleteRegardless(_ container: ContainerTransaction) {
    do throws(RuntimeError) {
        try container.delete()
    } catch {
        container.settings.log.warn("what is left of the container can't be removed: " + error.message)
    }
}
