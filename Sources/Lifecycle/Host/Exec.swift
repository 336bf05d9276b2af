import Bytes
import Cgroups
import CLinux
public import Errors
import Linux
import OCI
import Seccomp

/// Runs one more process in a container.
///
/// - Returns: the exit status for the shell: 0 if detached, else the program's own, or 128 + n for signal n.
public func execInContainer(_ options: ExecOptions, _ host: HostOptions) throws(RuntimeError) -> Int32 {
    let inherited = try prepareCaller(
        preserving: options.preserveFDs,
        named: [host.root, options.processFile, options.pidFile, options.consoleSocket, options.pidfdSocket], host.log)
    var options = options
    options.preserveFDs = inherited.preserved
    let directory = try ContainerDirectory.require(options.id, host)
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    let initProcess = try record.process(procfs)?.shared()
    switch try Observation(record, in: directory, procfs: procfs, isAlive: initProcess != nil).status {
    case .creating: throw RuntimeError(.wrongState, "cannot exec in a container that is being created")
    case .paused where !options.ignorePaused:
        throw RuntimeError(.wrongState, "cannot exec in a paused container (use --ignore-paused to override)")
    default: break
    }
    guard let initProcess else { throw RuntimeError(.wrongState, "cannot exec in a stopped container") }
    let config = try directory.config()
    let process = try ExecProcess.resolve(options, config)
    host.log.sharesStderr = !process.terminal
    let signals = options.detach ? nil : try SignalRelay()
    let joining = try Joining(
        options: options, host: host, record: record, initProcess: initProcess, config: config, process: process, procfs: procfs)
    let joined = try joining.execute()
    guard let signals else { return 0 }
    return try Foreground(process: joined, signals: signals).wait().shellStatus
}
