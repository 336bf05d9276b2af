import Bytes
import CLinux
public import Errors
import Linux
import OCI

/// Creates and starts a container, and unless detached waits for its end and deletes it.
///
/// - Returns: the exit status for the shell: the program's own, or 128 + n for signal n.
public func runContainer(_ options: RunOptions, _ host: HostOptions) throws(RuntimeError) -> Int32 {
    try prepareCaller(preserving: options.create.preserveFDs, host.log)
    // Processes that the container leaves behind come to us, and not to whoever called us.
    if !options.detach, !options.noSubreaper { _ = c_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
    let creation = try Creation.begin(options.create, detached: options.detach, host)
    // Signals that come from now on are for the container.
    let signals = options.detach ? nil : try SignalRelay()
    try creation.execute()
    guard let process = creation.process else {
        throw RuntimeError(.system, "the container has no process")
    }
    do throws(RuntimeError) {
        try startCreated(options.create.id, host)
    } catch {
        try? deleteContainer(id: options.create.id, force: true, host)
        throw error
    }
    guard let signals else { return 0 }
    let status: ExitStatus
    do throws(RuntimeError) {
        status = try Foreground(process: process, signals: signals).wait()
    } catch {
        try? deleteContainer(id: options.create.id, force: true, host)
        throw error
    }
    if !options.keep { try deleteContainer(id: options.create.id, force: true, host) }
    return status.shellStatus
}

private func startCreated(_ id: ByteString, _ host: HostOptions) throws(RuntimeError) {
    try startContainer(id: id, host)
}
