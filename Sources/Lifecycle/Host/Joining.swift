import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// A process being brought into a container: what Host does for `exec`.
struct Joining: ~Copyable {
    private let options: ExecOptions
    private let host: HostOptions
    private let record: ContainerRecord
    private let config: Config
    private let process: Process
    private let procfs: ProcFileSystem
    private let console: ConsoleSocket
    private let initProcess: SharedDescriptor
    private let plan: JoiningPlan

    init(
        options: ExecOptions, host: HostOptions, record: ContainerRecord, config: Config, process: Process,
        procfs: consuming ProcFileSystem
    ) throws(RuntimeError) {
        step("plan")
        let console = try ConsoleSocket(
            options.consoleSocket, terminal: process.terminal, detached: options.detach)
        guard let handle = record.process(procfs)?.shared() else {
            throw RuntimeError(.wrongState, "cannot exec in a stopped container")
        }
        let namespaces = try JoiningPlan.namespaces(of: config, record.pid, procfs)
        var warnings: [String] = []
        let isInUserNamespace = namespaces & c_new_user != 0
        let grantable = isInUserNamespace ? CapabilitySet(bits: .max) : try HostFacts.gather().capabilities
        let capabilities = CapabilityPlan(process.capabilities, grantable: grantable, warnings: &warnings)
        for warning in warnings { host.log.warn(warning) }
        plan = JoiningPlan(
            id: record.id, namespaces: namespaces,
            root: namespaces & c_new_mount == 0 ? try JoiningPlan.root(of: record.pid, procfs) : nil,
            hasOwnKeyring: record.hasOwnKeyring,
            execution: ProcessExecution(
                process: process, capabilities: capabilities, personality: config.linux.personality,
                filter: try seccompProgram(for: config, host.log), preservedDescriptors: options.preserveFDs,
                listenDescriptors: 0,
                isInUserNamespace: isInUserNamespace),
            affinity: Affinity(process.execCPUAffinity ?? config.process?.execCPUAffinity))
        self.options = options
        self.host = host
        self.record = record
        self.config = config
        self.process = process
        self.console = console
        initProcess = handle
        self.procfs = procfs
    }

    /// - Returns: the process, running its program.
    consuming func execute() throws(RuntimeError) -> ContainerProcess {
        c_step_share()
        let (first, socket) = try launch()
        let handshake = Handshake(socket)
        var joined = first
        do throws(RuntimeError) {
            try converse(handshake, &joined)
            try finish(handshake, joined)
            return joined
        } catch {
            try? joined.handle.send(signal: SIGKILL)
            _ = try? joined.handle.wait()
            throw error.during(currentStep())
        }
    }

    /// Clones the process that joins. It's born into the cgroup (v2), or goes there by itself (v1).
    ///
    /// - Returns: with it our end of the conversation. The other isn't kept: as long as that is open there's no end of file.
    private borrowing func launch() throws(RuntimeError) -> (ContainerProcess, SharedDescriptor) {
        step("clone")
        let (ours, theirs) = try explaining(.system, "no socket for the process") { () throws(SystemError) in
            try FileDescriptor.messagePair()
        }
        plan.affinity.applyInitial()
        guard let cgroupRecord = record.cgroup else {
            guard options.cgroups.isEmpty else { throw RuntimeError(.usage, "--cgroup: the container has no cgroup") }
            return (try clone(theirs, nil, into: nil), ours)
        }
        let cgroup = try Cgroup(record: cgroupRecord)
        let entry = try cgroup.openEntry(options.cgroups)
        do throws(RuntimeError) {
            return (try clone(theirs, entry.tasks, into: entry.directoryNumber), ours)
        } catch  where error.errno == EBUSY && options.cgroups.isEmpty {
            // The container has handed its controllers on, as systemd does: then only the cgroups below take processes.
            let directory = try cgroup.directoryForClone(besides: record.pid, procfs: procfs)
            return (try clone(theirs, entry.tasks, into: directory.rawValue), ours)
        }
    }

    private borrowing func clone(_ theirs: SharedDescriptor, _ tasks: CgroupTasks?, into directory: Int32?) throws(RuntimeError)
        -> ContainerProcess
    {
        let start = Joiner.Start(plan: plan, socket: theirs.rawValue, initProcess: initProcess, tasks: tasks)
        // The log is ours alone, also after a trap.
        let log = traceSteps(to: nil)
        c_trap_log(-1, 0)
        defer {
            traceSteps(to: log)
            host.log.tellOfTraps()
        }
        let clone = try explaining(.system, "the process can't be made") { () throws(SystemError) in
            // Who shares memory may not change its time namespace: setns(2).
            if plan.namespaces & c_new_time != 0 { return try cloneProcess(0, cgroup: directory) }
            return try cloneInMemory(cgroup: directory, Unmanaged.passUnretained(start).toOpaque()) {
                Joiner.main(Unmanaged<Joiner.Start>.fromOpaque($0).takeUnretainedValue())
            }
        }
        switch consume clone {
        case .child: Joiner.main(start)
        case .parent(let pid, let handle): return ContainerProcess(pid: pid, handle: handle)
        }
    }

    /// Waits for the process that is in the container: the second one, which the first leaves its place to.
    private borrowing func converse(_ handshake: borrowing Handshake, _ current: inout ContainerProcess) throws(RuntimeError) {
        var hasSuccessor = false
        while let (message, descriptors) = try handshake.receive() {
            switch message {
            // Once: later on, who speaks is within reach of the container.
            case .successor(let pid) where !hasSuccessor:
                guard let pidfd = descriptors.first else { break }
                hasSuccessor = true
                let handle = try ProcessHandle.of(pidfd)
                _ = try? current.handle.wait()
                current = ContainerProcess(pid: pid, handle: handle)
            case .ready:
                current.terminal = descriptors.first
                return
            case .warning(let text): host.log.warn(text)
            case .failed(let error): throw error
            default: break
            }
        }
        throw RuntimeError(.initDied, "the process died on its way into the container, in step \"" + currentStep() + "\"")
    }

    private borrowing func finish(_ handshake: borrowing Handshake, _ joined: ContainerProcess) throws(RuntimeError) {
        try ProcessLimits(pid: joined.pid, process: process).apply(procfs)
        step("hand over terminal")
        if let terminal = joined.terminal { try console.handOver(terminal) }
        try ProcessAnnouncement(process: joined, pidFile: options.pidFile, pidfdSocket: options.pidfdSocket).make()
        step("release")
        try handshake.tell(.created)
        step("execve")
        var isExecuting = false
        while let (message, descriptors) = try handshake.receive() {
            switch message {
            case .executing: isExecuting = true
            case .failed(let error): throw error
            case .listener:
                guard let listener = descriptors.first else { continue }
                try Lifecycle.handOver(listener, of: joined.pid, config, record.state(.running))
                try handshake.tell(.listening)
            default: continue
            }
        }
        guard isExecuting else { throw RuntimeError(.initDied, "the process died before it ran the program") }
    }
}

/// What the process that joins has to know.
struct JoiningPlan {
    let id: ByteString
    /// CLONE_NEW… flags of the namespaces that aren't ours.
    let namespaces: UInt64
    /// The container's root, where that isn't the root of a mount namespace of its own.
    let root: SharedDescriptor?
    let hasOwnKeyring: Bool
    let execution: ProcessExecution
    let affinity: Affinity

    var descriptors: [Int32] { root.map { [$0.rawValue] } ?? [] }

    static func root(of pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> SharedDescriptor {
        try explaining(.namespace, "the container's root can't be opened") { () throws(SystemError) in
            SharedDescriptor(
                try FileDescriptor.open(
                    ByteString(decimal: pid) + "/root", at: procfs.root.rawValue, flags: O_PATH | O_DIRECTORY))
        }
    }

    /// Those that the configuration names. The others the container shares with whoever created it, and with us.
    static func namespaces(of config: Config, _ pid: Int32, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> UInt64 {
        var flags: UInt64 = 0
        for namespace in config.linux.namespaces { flags |= namespace.kind.flag }
        guard flags & c_new_user != 0 else { return flags }
        // The one that we're in already can't be joined (setns(2), EINVAL): a path may have led to it.
        let isOurs = try explaining(.namespace, "the container's user namespace can't be looked at") { () throws(SystemError) in
            let own = try procfs.namespaceStatus(try procfs.own(), "user")
            let theirs = try procfs.namespaceStatus(ByteString(decimal: pid), "user")
            return own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev
        }
        return isOurs ? flags & ~c_new_user : flags
    }
}
