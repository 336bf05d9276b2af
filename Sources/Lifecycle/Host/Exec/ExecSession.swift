import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// A process being brought into a container: what Host does for `exec`.
struct ExecSession: ~Copyable {
    private let options: ExecOptions
    private let settings: GlobalSettings
    private let record: ContainerRecord
    private let config: Config
    private let process: Process
    private let procfs: ProcFileSystem
    private let console: ConsoleSocket
    private let initProcess: SharedDescriptor
    private let plan: ExecPlan

    init(
        options: ExecOptions, settings: GlobalSettings, record: ContainerRecord, initProcess: SharedDescriptor, config: Config,
        process: Process, procfs: consuming ProcFileSystem
    ) throws(RuntimeError) {
        step("plan")
        let console = try ConsoleSocket(
            options.consoleSocket, terminal: process.terminal, detached: options.detach)
        let namespaces = try ExecPlan.namespaces(of: config, record, procfs)
        var warnings: [String] = []
        let isInUserNamespace = namespaces & c_new_user != 0
        let grantable = isInUserNamespace ? CapabilitySet(bits: .max) : try HostFacts.gather().capabilities
        let capabilities = CapabilityPlan(process.capabilities, grantable: grantable, warnings: &warnings)
        for warning in warnings { settings.log.warn(warning) }
        plan = ExecPlan(
            id: record.id, namespaces: namespaces,
            root: namespaces & c_new_mount == 0 ? try ExecPlan.root(of: record.pid, procfs) : nil,
            hasOwnKeyring: record.hasOwnKeyring,
            execution: ProcessExecution(
                process: process, capabilities: capabilities, personality: config.linux.personality,
                filter: try seccompProgram(for: config, settings.log), preservedDescriptors: options.preserveFDs,
                isInUserNamespace: isInUserNamespace),
            affinity: Affinity(process.execCPUAffinity ?? config.process?.execCPUAffinity))
        self.options = options
        self.settings = settings
        self.record = record
        self.config = config
        self.process = process
        self.console = console
        self.initProcess = initProcess
        self.procfs = procfs
    }

    /// - Returns: the process, running its program.
    consuming func execute() throws(RuntimeError) -> ContainerProcess {
        c_step_share()
        var (report, socket) = try launch(inCgroup: true)
        var isOutside = false
        if report.second == 0 {
            let reason = try reasonOfDeath(Handshake(socket))
            // The container is at its pids.limit, and for a moment two processes are more than the program's one. Moving a process there
            // isn't limited: cgroup-v1/pids.rst.
            guard reason.errno == EAGAIN, record.cgroup != nil else { throw reason.during(currentStep()) }
            (report, socket) = try launch(inCgroup: false)
            isOutside = true
            if report.second == 0 { throw try reasonOfDeath(Handshake(socket)).during(currentStep()) }
        }
        let handshake = Handshake(socket)
        do throws(RuntimeError) {
            // Ours to reap: until then nobody else gets its number.
            let joined = try ContainerProcess(child: report.second)
            do throws(RuntimeError) {
                if process.terminal { joined.terminal = try awaitReadiness(handshake, terminal: true) }
                if report.leavesSearch { _ = try awaitReadiness(handshake, terminal: false) }
                if isOutside { try moveIntoCgroup(joined) }
                try finish(handshake, joined)
            } catch {
                try? joined.handle.send(signal: SIGKILL)
                // One that a paused container holds can't die before that goes on.
                if joined.handle.waitForEnd(milliseconds: 200) { _ = try? joined.handle.wait() }
                throw error
            }
            return joined
        } catch {
            throw error.during(currentStep())
        }
    }

    private borrowing func moveIntoCgroup(_ joined: ContainerProcess) throws(RuntimeError) {
        step("enter cgroups")
        guard let cgroupRecord = record.cgroup else { return }
        try Cgroup(record: cgroupRecord).move(joined.pid, options.cgroups)
    }

    /// Clones the process that joins, which is born into the cgroup (v2), or goes there by itself (v1), and waits until it has joined.
    ///
    /// - Returns: what it reports, above all the process that it leaves its place to; and our end of the conversation. The other isn't
    ///   kept: as long as that is open there's no end of file.
    private borrowing func launch(inCgroup: Bool) throws(RuntimeError) -> (ExecInit.Start.Report, SharedDescriptor) {
        step("clone")
        let (ours, theirs) = try explaining(.system, "no socket for the process") { () throws(SystemError) in
            try FileDescriptor.messagePair()
        }
        plan.affinity.applyInitial()
        guard let cgroupRecord = record.cgroup, inCgroup else {
            guard options.cgroups.isEmpty || record.cgroup != nil else {
                throw RuntimeError(.usage, "--cgroup: the container has no cgroup")
            }
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
        } catch  where error.errno == EAGAIN {
            // v2, at its pids.limit.
            return try launch(inCgroup: false)
        }
    }

    private borrowing func clone(_ theirs: SharedDescriptor, _ tasks: CgroupTasks?, into directory: Int32?) throws(RuntimeError)
        -> ExecInit.Start.Report
    {
        // The log is ours alone, also after a trap.
        let log = traceSteps(to: nil)
        c_trap_log(-1, 0)
        defer {
            traceSteps(to: log)
            settings.log.tellOfTraps()
        }
        // Who shares memory may not change its time namespace (setns(2)).
        let isOrdinary = plan.namespaces & c_new_time != 0
        let start = try explaining(.system, "no memory for what the process reports") { () throws(SystemError) in
            try ExecInit.Start(
                plan: plan, socket: theirs.rawValue, initProcess: initProcess, tasks: tasks, sharesMemory: !isOrdinary)
        }
        let clone = try explaining(.system, "the process can't be made") { () throws(SystemError) in
            try start.stack.clone(isOrdinary ? 0 : c_clone_memory, cgroup: directory, Unmanaged.passUnretained(start).toOpaque())
            {
                ExecInit.main(Unmanaged<ExecInit.Start>.fromOpaque($0).takeUnretainedValue())
            }
        }
        switch consume clone {
        case .child: ExecInit.main(start)
        case .parent(_, let handle): try awaitEnd(of: handle)
        }
        return withExtendedLifetime(start) { start.report.pointee }
    }

    /// Waits until the first process has left its place: how it ended is in the report. It may be using our memory: nothing is allocated
    /// here before its end.
    private borrowing func awaitEnd(of first: borrowing ProcessHandle) throws(RuntimeError) {
        let outcome = Patience.usual.wait(for: first.descriptor.rawValue)
        if case .ready = outcome {
            _ = try? first.wait()
            return
        }
        // Frozen, it dies when it's thawed: until then it does nothing.
        try? first.send(signal: SIGKILL)
        if first.waitForEnd(milliseconds: 200) { _ = try? first.wait() }
        if let failure = Patience.usual.failure(outcome) { throw failure.during(currentStep()) }
    }

    private borrowing func reasonOfDeath(_ handshake: borrowing Handshake) throws(RuntimeError) -> RuntimeError {
        while let (message, _) = try handshake.receive() {
            if case .failed(let error) = message { return error }
        }
        let reason = currentShortage().map { ": " + $0 } ?? ""
        return RuntimeError(
            .initDied, "the process died on its way into the container" + reason + ", in step \"" + currentStep() + "\"")
    }

    private borrowing func awaitReadiness(_ handshake: borrowing Handshake, terminal: Bool) throws(RuntimeError)
        -> SharedDescriptor?
    {
        guard let descriptors = try handshake.expect(.ready) else { throw try reasonOfDeath(handshake) }
        return terminal ? try Terminal.controller(among: descriptors) : nil
    }

    private borrowing func finish(_ handshake: borrowing Handshake, _ joined: ContainerProcess) throws(RuntimeError) {
        try ProcessLimits(pid: joined.pid, process: process).apply(procfs)
        step("hand over terminal")
        if let terminal = joined.terminal { try console.handOver(terminal) }
        try ProcessAnnouncement(process: joined, pidFile: options.pidFile, pidfdSocket: options.pidfdSocket).make()
        if !process.terminal {
            let isInUserNamespace = plan.namespaces & c_new_user != 0
            GivenStreams.give(to: process.user.uid, of: joined.pid, inUserNamespace: isInUserNamespace, procfs)
        }
        step("release")
        do throws(SystemError) {
            try handshake.send(.created)
        } catch  where error.errno == EPIPE {
            // It's dead, and may have said why.
        } catch {
            throw RuntimeError(.system, "the conversation with the container's process broke off", error)
        }
        let execution = ExecutionMonitor(subject: "the process", pid: joined.pid, config: config, state: record.state(.running))
        try execution.complete(try joined.pidfd(), handshake, procfs)
    }
}
