public import Bytes
public import Errors
import Linux
import OCI

/// Makes a created container run its program. Source: runtime.md, "Start".
///
/// If the caller has a service manager that waits for the container, this returns when the container has told the manager that
/// it's ready, or has ended: the container's process then takes the place of the service's main process, sd_notify(3).
public func startContainer(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) {
    let started = try startCreated(id: id, settings)
    try started.notify?.awaitReadiness(of: started.process, pid: started.pid)
}

/// A container that was started.
struct StartedContainer {
    let pid: Int32
    let process: SharedDescriptor
    /// What the container tells the service manager: nil if it can't.
    let notify: NotifyRelay?
}

/// Makes a created container run its program.
func startCreated(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) -> StartedContainer {
    Signal.ignore(Signal.pipe)
    let directory = try ContainerDirectory.require(id, settings)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    // Opened before the start: the program may end at once, and its pid then be reused.
    let process = try record.process(procfs)?.shared()
    switch try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: true, isAlive: process != nil).status {
    case .created: break
    case .stopped:
        throw RuntimeError(.wrongState, "cannot start a container that has stopped", hint: "delete it and create it anew")
    case .creating: throw RuntimeError(.wrongState, "cannot start a container that is being created")
    case .running: throw RuntimeError(.wrongState, "cannot start an already running container")
    case .paused: throw RuntimeError(.wrongState, "cannot start a container that is paused", hint: "resume it first")
    }
    guard let process, let plan = StartPlan(try directory.config()) else {
        throw RuntimeError(
            .invalidConfig, "missing: a container can't be started without it", pointer: "/process",
            hint: "create it anew with a process in config.json")
    }
    let notify = try NotifyRelay.open(directory, settings.log)
    try StartSession(record: record, plan: plan, process: process, settings: settings).execute(directory, procfs)
    return StartedContainer(pid: record.pid, process: process, notify: notify)
}
