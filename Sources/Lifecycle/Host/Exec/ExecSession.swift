import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl
import Seccomp

/// Host's part of `exec`: it makes the two processes (see ExecInit) and sees the second one become the program.
struct ExecSession: ~Copyable {
    private let plan: ExecPlan
    private let record: ContainerRecord
    private let initProcess: SharedDescriptor
    private let console: ConsoleSocket
    private let log: Log
    private let procfs: ProcFileSystem

    /// Makes a session, to be executed.
    ///
    /// - Parameters:
    ///   - plan: The plan for the process.
    ///   - record: The container's record.
    ///   - initProcess: A pidfd of the container's first process.
    ///   - console: The destination of the process's terminal.
    ///   - log: The log.
    ///   - procfs: The host's procfs.
    init(
        _ plan: ExecPlan, in record: ContainerRecord, initProcess: SharedDescriptor, console: consuming ConsoleSocket, _ log: Log,
        _ procfs: consuming ProcFileSystem
    ) {
        self.plan = plan
        self.record = record
        self.initProcess = initProcess
        self.console = console
        self.log = log
        self.procfs = procfs
    }

    private var process: Process { plan.process.spec }

    /// Makes the process and waits until it runs its program.
    ///
    /// - Returns: The process.
    consuming func execute() throws(RuntimeError) -> ContainerProcess {
        if plan.joinsKeyring { try process.labelKeyring(by: procfs) }
        Trap.shareStep()
        DescriptorClosing.closeGathered()
        Signal.noteIgnored(OwnStatus(procfs: procfs.root.rawValue))
        let launched = try launchWithinLimits()
        let conversation = Conversation(
            launched.socket, as: .host,
            Script.joining(hasTerminal: process.terminal).union(
                .exec(leavesSearch: launched.report.leavesSearch, notifies: plan.process.listener != nil)))
        do throws(RuntimeError) {
            // The second process is our child, so its pid isn't reused before we reap it.
            let joined = try ContainerProcess(child: launched.report.second)
            do throws(RuntimeError) {
                if process.terminal { joined.terminal = try awaitReadiness(conversation, terminal: true) }
                if launched.report.leavesSearch { _ = try awaitReadiness(conversation, terminal: false) }
                if !launched.isInCgroup { try moveIntoCgroup(joined) }
                try finish(conversation, joined)
            } catch {
                try? joined.handle.send(signal: Signal.kill)
                // In a paused container the killed process dies only when the container is resumed.
                if joined.handle.waitForEnd(milliseconds: 200) { _ = try? joined.handle.wait() }
                throw error
            }
            return joined
        } catch {
            throw error.during(currentStep())
        }
    }

    /// The result of a launch: the first process's report, which names the second process, and our end of the conversation. The
    /// other end is closed in our process: as long as it's open here, the death of the processes brings no end of file.
    private struct Launched {
        let report: ExecInit.Start.Report
        let socket: SharedDescriptor
        let isInCgroup: Bool
    }

    /// Launches the process in the container's cgroup if the container's `pids.limit` allows it.
    ///
    /// For a moment `exec` needs two processes, one more than the program. If the limit refuses them, they're made outside of
    /// the container's cgroup and the second one is moved into it later: the limit doesn't apply to moves (cgroup-v1/pids.rst).
    private borrowing func launchWithinLimits() throws(RuntimeError) -> Launched {
        var launched: Launched
        do throws(RuntimeError) {
            launched = try launch(inCgroup: true)
        } catch  where error.errno == .EAGAIN && plan.cgroup != nil {
            // On cgroup v2 the limit refuses the first clone already, which goes directly into the cgroup.
            launched = try launch(inCgroup: false)
        }
        if launched.report.second == 0, launched.isInCgroup {
            let reason = try reasonOfDeath(of: launched)
            guard reason.errno == .EAGAIN, plan.cgroup != nil else { throw reason.during(currentStep()) }
            launched = try launch(inCgroup: false)
        }
        guard launched.report.second != 0 else {
            throw try reasonOfDeath(of: launched).during(currentStep())
        }
        return launched
    }

    private borrowing func moveIntoCgroup(_ joined: ContainerProcess) throws(RuntimeError) {
        step(.enterCgroups)
        guard let cgroup = plan.cgroup else { return }
        try Cgroup(record: cgroup).move(joined.pid, plan.subgroups, besides: record.pid, procfs: procfs)
    }

    /// Clones the first process and waits for its end. With `inCgroup` the process is born in the container's v2 cgroup, and
    /// moves itself into the v1 cgroups.
    private borrowing func launch(inCgroup: Bool) throws(RuntimeError) -> Launched {
        step(.clone)
        let (ours, theirs) = try explaining(.system, "no socket for the process", FileDescriptor.messagePair())
        plan.affinity.applyInitial()
        guard let cgroupRecord = plan.cgroup, inCgroup else {
            return Launched(
                report: try clone(theirs, nil, into: nil, sharesMemory: true), socket: ours, isInCgroup: false)
        }
        let cgroup = try Cgroup(record: cgroupRecord)
        let entry = try cgroup.openEntry(plan.subgroups, besides: record.pid, procfs: procfs)
        // If the kernel kills a process for lack of memory, it kills all that share the process's memory: us, too.
        // A cgroup below the container's is the container's to set up, at any time.
        let sharesMemory = plan.subgroups.isEmpty && !cgroup.diesAsAWhole()
        let report: ExecInit.Start.Report
        do throws(RuntimeError) {
            report = try clone(theirs, entry.tasks, into: entry.directoryNumber, sharesMemory: sharesMemory)
        } catch  where error.errno == .EBUSY && plan.subgroups.isEmpty {
            // The container has enabled controllers for cgroups below its own, as systemd does. Then its own cgroup takes no
            // processes, and one of those below is used.
            let directory = try cgroup.directoryForClone(besides: record.pid, procfs: procfs)
            report = try clone(theirs, entry.tasks, into: directory.rawValue, sharesMemory: false)
        }
        return Launched(report: report, socket: ours, isInCgroup: true)
    }

    private borrowing func clone(
        _ theirs: SharedDescriptor, _ tasks: CgroupTasks?, into directory: Int32?, sharesMemory: Bool
    ) throws(RuntimeError) -> ExecInit.Start.Report {
        // Only Host writes to the log: the processes that are made here log neither steps nor traps.
        let traced = traceSteps(to: nil)
        Trap.setLog(nil)
        defer {
            traceSteps(to: traced)
            log.tellOfTraps()
        }
        let resctrl = try plan.resctrl.flatMap { (record) throws(RuntimeError) in try ResctrlGroup(record)?.openTasks() }
        // setns(2) refuses a time namespace to a process that shares its memory.
        let isOrdinary = plan.joins(.time) || !sharesMemory
        let start = try explaining(
            .system, "no memory for what the process reports",
            ExecInit.Start(
                plan: plan, socket: theirs.rawValue, initProcess: initProcess, tasks: tasks, resctrl: resctrl,
                sharesMemory: !isOrdinary))
        let clone = try explaining(.system, "the process can't be made") { () throws(SystemError) in
            try start.stack.clone([], isOrdinary ? [] : .memory, cgroup: directory, Unmanaged.passUnretained(start).toOpaque()) {
                ExecInit.main(Unmanaged<ExecInit.Start>.fromOpaque($0).takeUnretainedValue())
            }
        }
        switch consume clone {
        case .child: ExecInit.main(start)
        case .parent(_, let handle): try awaitEnd(of: handle)
        }
        return withExtendedLifetime(start) { start.report.pointee }
    }

    /// Waits until the first process has ended; the report says how far it came. The process may run in our memory, so nothing
    /// is allocated here before its end.
    private borrowing func awaitEnd(of first: borrowing ProcessHandle) throws(RuntimeError) {
        let outcome = Patience.usual.wait(for: first.descriptor.rawValue)
        if case .ready = outcome {
            _ = try? first.wait()
            return
        }
        // If the process is frozen, it dies when it's thawed, and does nothing until then.
        try? first.send(signal: Signal.kill)
        if first.waitForEnd(milliseconds: 200) { _ = try? first.wait() }
        if let failure = Patience.usual.failure(outcome) { throw failure.during(currentStep()) }
    }

    /// Why the first process ended without making the second one. It may have sent a terminal before.
    private borrowing func reasonOfDeath(of launched: Launched) throws(RuntimeError) -> RuntimeError {
        try reasonOfDeath(Conversation(launched.socket, as: .host, .joining(hasTerminal: process.terminal)))
    }

    /// The error that the processes sent before their end, or one that says that they died without a message.
    private borrowing func reasonOfDeath(_ conversation: Conversation) throws(RuntimeError) -> RuntimeError {
        do throws(RuntimeError) {
            while try conversation.hear() != nil {}
        } catch {
            return error
        }
        let reason = currentShortage().map { ": " + $0 } ?? ""
        return RuntimeError(
            .initDied, "the process died on its way into the container" + reason + ", in step \"" + currentStep() + "\"")
    }

    private borrowing func awaitReadiness(_ conversation: Conversation, terminal: Bool) throws(RuntimeError)
        -> SharedDescriptor?
    {
        guard let heard = try conversation.hear() else { throw try reasonOfDeath(conversation) }
        return terminal ? try Terminal.controller(among: heard.descriptors) : nil
    }

    /// Sets the limits, hands the terminal over, tells the caller the pid, and releases the process to become the program.
    private borrowing func finish(_ conversation: Conversation, _ joined: ContainerProcess) throws(RuntimeError) {
        try ProcessLimits(pid: joined.pid, process: process).apply(procfs)
        step(.handOverTerminal)
        if let terminal = joined.terminal { try console.handOver(terminal) }
        try plan.announcement.make(of: joined)
        if !process.terminal {
            GivenStreams.give(to: process.user.uid, of: joined.pid, inUserNamespace: plan.process.isInUserNamespace, procfs)
        }
        step(.release)
        do throws(RuntimeError) {
            try conversation.say(.created)
        } catch  where error.errno == .EPIPE {
            // The process is dead. If it sent a reason, `complete` reads and throws it.
        }
        let program = ProgramStart(name: process.args.first ?? "", listener: plan.process.listener, patience: .usual)
        let execution = ExecutionMonitor(
            subject: "the process", pid: joined.pid, program: program, state: record.state(.running))
        try execution.complete(try joined.pidfd(), conversation, procfs)
    }
}
