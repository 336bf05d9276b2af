import Bytes
import Cgroups
public import Errors
import Linux
import OCI

/// Runs one more process in a container and, unless `exec` is detached, waits for its end.
///
/// - Returns: The exit status for the shell: 0 if detached, otherwise the program's own, or 128 + n for signal n.
public func execInContainer(_ options: ExecOptions, _ settings: GlobalSettings) throws(RuntimeError) -> Int32 {
    let inherited = try prepareCaller(
        preserving: options.preserveFDs,
        named: [settings.root, options.processFile, options.pidFile, options.consoleSocket, options.pidfdSocket], settings.log)
    DescriptorClosing.gatherReferences()
    var options = options
    options.preserveFDs = inherited.preserved
    let directory = try ContainerDirectory.require(options.id, settings)
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    let initProcess = try record.process(procfs)?.shared()
    switch try ContainerStatus(record, in: directory, procfs: procfs, isLockedByUs: false, isAlive: initProcess != nil).status {
    case .creating: throw RuntimeError(.wrongState, "cannot exec in a container that is being created")
    case .paused where !options.ignorePaused:
        throw RuntimeError(.wrongState, "cannot exec in a paused container (use --ignore-paused to override)")
    default: break
    }
    guard let initProcess else { throw stopped() }
    var signals: SignalRelay?
    let joined: ContainerProcess
    do throws(RuntimeError) {
        let config = try directory.config()
        // A pipe may keep us waiting, and a signal ends that.
        let process = try resolveProcess(options, config, settings.log)
        if !options.detach { signals = try SignalRelay() }
        let console = try ConsoleSocket(options.consoleSocket, terminal: process.terminal, detached: options.detach)
        let plan = try ExecPlan(options, process, in: record, config, settings, procfs)
        let session = ExecSession(plan, in: record, initProcess: initProcess, console: console, settings.log, procfs)
        joined = try session.execute()
    } catch  where canComeFromTheEnd(of: initProcess, error) {
        settings.log.debug("exec failed as the container ended: " + error.message)
        throw stopped()
    }
    var status: Int32 = 0
    if let signals { status = try Foreground(process: joined, signals: signals).wait().shellStatus }
    DescriptorClosing.leaveToExit()
    return status
}

private func resolveProcess(_ options: ExecOptions, _ config: Config, _ log: Log) throws(RuntimeError) -> Process {
    var warnings: [String] = []
    var process = try ExecProcess.resolve(options, config, warnings: &warnings)
    process.selinuxLabel = try process.checkedLabel()
    log.sharesStderr = !process.terminal
    for warning in warnings { log.warn(warning) }
    return process
}

/// Whether an error has come up because the container has ended meanwhile.
///
/// A container that ends takes its namespaces, its cgroup and the new process with it, and `delete` its state. Which of these was
/// missing first means nothing to a caller.
private func canComeFromTheEnd(of initProcess: SharedDescriptor, _ error: RuntimeError) -> Bool {
    switch error.code {
    // The new process may die a moment before the first one has ended.
    case .initDied, .cgroup, .namespace: initProcess.file.waitForEndOfProcess(milliseconds: 100)
    case .corruptState, .system: initProcess.file.waitForEndOfProcess(milliseconds: 0)
    default: false
    }
}

private func stopped() -> RuntimeError { RuntimeError(.wrongState, "cannot exec in a stopped container") }
