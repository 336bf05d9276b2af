public import Bytes
import Cgroups
public import Errors
import Linux
import OCI

/// Sends a signal to a container. Source: runtime.md, "Kill".
///
/// - Parameters:
///   - id: The container's id.
///   - signal: The signal's number.
///   - all: Whether the signal goes to all processes of the container; without a cgroup it goes to the first process alone.
///     With `all` it's no error if the first process has ended. SIGKILL goes to all of them anyway if the container has no pid
///     namespace of its own.
///   - settings: The global options.
/// - Throws: An error if the container is neither created nor running, or the signal can't be sent.
public func killContainer(id: ByteString, signal: Int32, all: Bool, _ settings: GlobalSettings) throws(RuntimeError) {
    let directory = try ContainerDirectory.require(id, settings)
    var record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    if record.stage == .creating {
        let now = try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: false)
        guard now.status != .creating else {
            throw RuntimeError(
                .wrongState, "cannot kill a container that is being created", hint: "delete --force ends it and removes it")
        }
        record = now.record
    }
    let cgroup = try record.presentCgroup()
    if all, let cgroup {
        // A create that was killed before it made a process may have named a cgroup that isn't the container's: it looks at the
        // cgroup only after that.
        guard record.made.process != nil else { return }
        // Once the first process has ended, another unit may have the name, and so the cgroup.
        if let unit = record.made.unit, try record.process(procfs) == nil {
            guard try cgroup.exists(), try unit.presence() != .another else { return }
        }
        try cgroup.kill(signal)
        return
    }
    guard let process = try record.process(procfs) else {
        if all { return }
        throw RuntimeError(.wrongState, "container not running", hint: "delete the container")
    }
    // Only with a pid namespace of the container's own does the kernel end the other processes together with the first one.
    if signal == Signal.kill, !record.hasOwnPIDNamespace, let cgroup {
        try cgroup.kill(signal)
        return
    }
    if all, signal != Signal.kill || !record.hasOwnPIDNamespace {
        settings.log.warn("the container has no cgroup: the signal goes to its first process alone")
    }
    do throws(SystemError) {
        try process.send(signal: signal)
    } catch  where error.errno == .ESRCH {
        throw RuntimeError(.wrongState, "container not running")
    } catch {
        throw RuntimeError(.system, "the signal can't be sent", error)
    }
    if signal == Signal.kill { try cgroup?.thawToEnd() }
}
