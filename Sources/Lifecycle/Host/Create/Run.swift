import Bytes
public import Errors
import Linux
import OCI

/// Creates and starts a container, and unless detached waits for its end and deletes it.
///
/// - Returns: the exit status for the shell: the program's own, or 128 + n for signal n.
public func runContainer(_ options: RunOptions, _ settings: GlobalSettings) throws(RuntimeError) -> Int32 {
    let create = try prepareCaller(options.create, settings)
    // Processes that the container leaves behind come to us, and not to whoever called us.
    if !options.detach, !options.noSubreaper { OwnProcess.becomeSubreaper() }
    let creation = try CreateSession.begin(create, detached: options.detach, settings)
    // Signals that come from now on are for the container.
    let signals = options.detach ? nil : try SignalRelay()
    try creation.execute()
    guard let process = creation.process else {
        throw RuntimeError(.system, "the container has no process")
    }
    do throws(RuntimeError) {
        try startContainer(id: options.create.id, settings)
    } catch {
        settings.log.sharesStderr = false
        deleteRegardless(id: options.create.id, settings)
        throw error
    }
    guard let signals else { return 0 }
    return try awaitEnd(of: process, signals, id: options.create.id, keep: options.keep, settings)
}

/// Stays in the foreground until the container's end, then deletes it.
func awaitEnd(
    of process: ContainerProcess, _ signals: consuming SignalRelay, id: ByteString, keep: Bool, _ settings: GlobalSettings
) throws(RuntimeError) -> Int32 {
    let status: ExitStatus
    do throws(RuntimeError) {
        status = try Foreground(process: process, signals: signals).wait()
    } catch {
        settings.log.sharesStderr = false
        deleteRegardless(id: id, settings)
        throw error
    }
    settings.log.sharesStderr = false
    if !keep { try deleteContainer(id: id, force: true, settings) }
    return status.shellStatus
}

/// After a failure, which is what is reported.
private func deleteRegardless(id: ByteString, _ settings: GlobalSettings) {
    do throws(RuntimeError) {
        try deleteContainer(id: id, force: true, settings)
    } catch {
        settings.log.warn("what is left of the container can't be removed: " + error.message)
    }
}
