public import Bytes
import Cgroups
import CLinux
public import Errors
import Linux
public import OCI
import Seccomp

/// What `exec` is asked for.
public struct ExecOptions: Sendable {
    public var id: ByteString
    /// The file of a whole process (`--process`); nil takes the container's own with the changes below.
    public var processFile: ByteString?
    public var args: [ByteString] = []
    public var cwd: ByteString?
    public var env: [ByteString] = []
    public var user: (uid: UInt32, gid: UInt32?)?
    public var additionalGids: [UInt32] = []
    public var terminal: Bool?
    public var capabilities: [ByteString] = []
    public var noNewPrivileges: Bool?
    public var apparmorProfile: ByteString?
    public var selinuxLabel: ByteString?
    public var detach = false
    public var pidFile: ByteString?
    public var consoleSocket: ByteString?
    public var pidfdSocket: ByteString?
    public var preserveFDs = 0
    /// `--cgroup [CONTROLLER[,CONTROLLER]:]PATH`.
    public var cgroups: [ByteString] = []
    public var ignorePaused = false

    public init(id: ByteString) { self.id = id }
}

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

/// The process that is run: of a file, or the container's own with changes.
enum ExecProcess {
    static func resolve(_ options: ExecOptions, _ config: Config) throws(RuntimeError) -> Process {
        var process = try base(options, config)
        if !options.args.isEmpty { process.args = options.args }
        if let cwd = options.cwd { process.cwd = cwd }
        process.env += options.env
        if let user = options.user {
            process.user.uid = user.uid
            // A user without a group given has the first one's: root's group isn't everybody's.
            process.user.gid = user.gid ?? process.user.gid
        }
        process.user.additionalGids += options.additionalGids
        if let terminal = options.terminal { process.terminal = terminal }
        if let forbidden = options.noNewPrivileges { process.noNewPrivileges = forbidden }
        if let profile = options.apparmorProfile { process.apparmorProfile = profile }
        if let label = options.selinuxLabel { process.selinuxLabel = label }
        if !options.capabilities.isEmpty {
            var capabilities = process.capabilities ?? Capabilities()
            // Not the inheritable set: files' capabilities would count (CVE-2022-29162).
            capabilities.bounding += options.capabilities
            capabilities.effective += options.capabilities
            capabilities.permitted += options.capabilities
            // What the container has there anyway goes to the ambient set, so that it reaches the program of another user than root. That
            // is what becomes of runc's request, too: it asks for all, and the kernel refuses what isn't inheritable.
            capabilities.ambient += options.capabilities.filter { name in
                capabilities.inheritable.contains { CapabilitySet.number(of: $0) == CapabilitySet.number(of: name) }
            }
            process.capabilities = capabilities
        }
        guard process.cwd.hasPrefix("/") else {
            throw RuntimeError(.usage, "the working directory \"" + process.cwd.displayText + "\" is not absolute")
        }
        return process
    }

    private static func base(_ options: ExecOptions, _ config: Config) throws(RuntimeError) -> Process {
        if let file = options.processFile {
            return try Process(parsing: try ArgumentFile.read(file, "the process file", limit: 16 << 20))
        }
        guard var process = config.process else {
            throw RuntimeError(.usage, "the container has no process to take after", hint: "describe one with --process")
        }
        guard !options.args.isEmpty else {
            throw RuntimeError(.usage, "no program to run", hint: "name it behind the id, or describe it with --process")
        }
        process.terminal = false
        process.consoleSize = nil
        return process
    }
}
