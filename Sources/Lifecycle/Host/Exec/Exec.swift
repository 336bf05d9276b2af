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
    let config = try directory.config()
    var warnings: [String] = []
    var process = try ExecProcess.resolve(options, config, warnings: &warnings)
    process.selinuxLabel = try process.checkedLabel()
    settings.log.sharesStderr = !process.terminal
    for warning in warnings { settings.log.warn(warning) }
    let signals = options.detach ? nil : try SignalRelay()
    let console = try ConsoleSocket(options.consoleSocket, terminal: process.terminal, detached: options.detach)
    let plan = try ExecPlan(options, process, in: record, config, settings, procfs)
    let session = ExecSession(plan, in: record, initProcess: initProcess, console: console, settings.log, procfs)
    let joined: ContainerProcess
    do throws(RuntimeError) { joined = try session.execute() } catch  where error.code != .program {
        // A container that ends takes its namespaces, its cgroup and the new process with it. This error says which of these was
        // noticed first, which no caller understands. The first process itself may end a moment later.
        throw initProcess.file.processEnds(within: 100) ? stopped() : error
    }
    var status: Int32 = 0
    if let signals { status = try Foreground(process: joined, signals: signals).wait().shellStatus }
    DescriptorClosing.leaveToExit()
    return status
}

private func stopped() -> RuntimeError { RuntimeError(.wrongState, "cannot exec in a stopped container") }
