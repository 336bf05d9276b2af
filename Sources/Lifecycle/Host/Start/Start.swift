public import Bytes
public import Errors
import Linux
import OCI

/// Makes a created container run its program. Source: runtime.md, "Start".
///
/// If the caller has a service manager that waits for the container, this returns when the container has told the manager that
/// it's ready, or has ended: the container's process then takes the place of the service's main process, sd_notify(3).
public func startContainer(id: ByteString, _ settings: GlobalSettings) throws(RuntimeError) {
    Signal.ignore(Signal.pipe)
    DescriptorClosing.gatherReferences()
    let directory = try ContainerDirectory.require(id, settings)
    try directory.lockForChange()
    let started = try start(directory, settings)
    directory.unlock()
    DescriptorClosing.closeGathered()
    try started.notify?.awaitReadiness(of: started.process, pid: started.pid)
    DescriptorClosing.leaveToExit()
}

/// Makes a created container run its program. The caller has locked its directory.
private func start(_ directory: borrowing ContainerDirectory, _ settings: GlobalSettings) throws(RuntimeError) -> StartedContainer
{
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    // Opened before the start: the program may end at once, and its pid then be reused.
    let process = try record.process(procfs)?.shared()
    switch try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: true, isAlive: process != nil).status {
    case .created: break
    case .stopped: throw StartSession.refusalOfStopped
    case .creating: throw RuntimeError(.wrongState, "cannot start a container that is being created")
    case .running: throw RuntimeError(.wrongState, "cannot start an already running container")
    case .paused: throw RuntimeError(.wrongState, "cannot start a container that is paused", hint: "resume it first")
    }
    let plan = if let program = record.program { StartPlan(program: program) } else { StartPlan(try directory.config()) }
    guard let process, let plan else { throw StartSession.refusalWithoutProcess }
    return try StartSession(record: record, plan: plan, process: process, settings: settings).start(directory, procfs)
}

extension ContainerTransaction {
    /// Makes the container that this command has made run its program. The container has been locked all the time, so it's as
    /// it was made, unless its process has ended.
    func start() throws(RuntimeError) -> StartedContainer {
        guard let process, let plan = startPlan else { throw StartSession.refusalWithoutProcess }
        if process.handle.hasEnded() { throw StartSession.refusalOfStopped }
        return try StartSession(record: record, plan: plan, process: try process.pidfd(), settings: settings)
            .start(directory, procfs)
    }
}
