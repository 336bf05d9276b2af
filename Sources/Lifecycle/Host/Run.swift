import Bytes
import CLinux
public import Errors
import Linux
import OCI

/// Creates and starts a container, and unless detached waits for its end and deletes it.
///
/// - Returns: the exit status for the shell: the program's own, or 128 + n for signal n.
public func runContainer(_ options: RunOptions, _ host: HostOptions) throws(RuntimeError) -> Int32 {
    let create = try prepareCaller(options.create, host)
    // Processes that the container leaves behind come to us, and not to whoever called us.
    if !options.detach, !options.noSubreaper { _ = c_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
    let creation = try Creation.begin(create, detached: options.detach, host)
    // Signals that come from now on are for the container.
    let signals = options.detach ? nil : try SignalRelay()
    try creation.execute()
    guard let process = creation.process else {
        throw RuntimeError(.system, "the container has no process")
    }
    do throws(RuntimeError) {
        try startContainer(id: options.create.id, host)
    } catch {
        host.log.sharesStderr = false
        deleteRegardless(id: options.create.id, host)
        throw error
    }
    guard let signals else { return 0 }
    return try awaitEnd(of: process, signals, id: options.create.id, keep: options.keep, host)
}

/// Stays in the foreground until the container's end, then deletes it.
func awaitEnd(
    of process: ContainerProcess, _ signals: consuming SignalRelay, id: ByteString, keep: Bool, _ host: HostOptions
) throws(RuntimeError) -> Int32 {
    let status: ExitStatus
    do throws(RuntimeError) {
        status = try Foreground(process: process, signals: signals).wait()
    } catch {
        host.log.sharesStderr = false
        deleteRegardless(id: id, host)
        throw error
    }
    host.log.sharesStderr = false
    if !keep { try deleteContainer(id: id, force: true, host) }
    return status.shellStatus
}

/// After a failure, which is what is reported.
private func deleteRegardless(id: ByteString, _ host: HostOptions) {
    do throws(RuntimeError) {
        try deleteContainer(id: id, force: true, host)
    } catch {
        host.log.warn("what is left of the container can't be removed: " + error.message)
    }
}
