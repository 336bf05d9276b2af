import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// A process being brought into a container: what Host does for `exec`.
struct ExecSession: ~Copyable {
    private let plan: ExecPlan
    private let record: ContainerRecord
    private let initProcess: SharedDescriptor
    private let console: ConsoleSocket
    private let log: Log
    private let procfs: ProcFileSystem

    /// `initProcess`: a pidfd of the container's first process.
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

    /// - Returns: the process, running its program.
    consuming func execute() throws(RuntimeError) -> ContainerProcess {
        Trap.shareStep()
        let launched = try launchWithinLimits()
        let conversation = Conversation(
            launched.socket, as: .host,
            Script.joining(hasTerminal: process.terminal).union(
                .exec(leavesSearch: launched.report.leavesSearch, notifies: plan.process.listener != nil)))
        do throws(RuntimeError) {
            // Ours to reap: until then nobody else gets its number.
            let joined = try ContainerProcess(child: launched.report.second)
            do throws(RuntimeError) {
                if process.terminal { joined.terminal = try awaitReadiness(conversation, terminal: true) }
                if launched.report.leavesSearch { _ = try awaitReadiness(conversation, terminal: false) }
                if !launched.isInCgroup { try moveIntoCgroup(joined) }
                try finish(conversation, joined)
            } catch {
                try? joined.handle.send(signal: Signal.kill)
                // One that a paused container holds can't die before that goes on.
                if joined.handle.waitForEnd(milliseconds: 200) { _ = try? joined.handle.wait() }
                throw error
            }
            return joined
        } catch {
            throw error.during(currentStep())
        }
    }

    /// What became of a clone: what its process reports, above all the process that it leaves its place to, and our end of the
    /// conversation. The other end isn't kept: as long as that is open there's no end of file.
    private struct Launched {
        let report: ExecInit.Start.Report
        let socket: SharedDescriptor
        let isInCgroup: Bool
    }

    /// Launches the process in the container's cgroup, or beside it where the container is at its pids.limit: for a moment two processes
    /// are more than the program's one. Moving a process there isn't limited (cgroup-v1/pids.rst).
    private borrowing func launchWithinLimits() throws(RuntimeError) -> Launched {
        var launched: Launched
        do throws(RuntimeError) {
            launched = try launch(inCgroup: true)
        } catch  where error.errno == .EAGAIN && plan.cgroup != nil {
            // v2: the clone itself was refused.
            launched = try launch(inCgroup: false)
        }
        if launched.report.second == 0, launched.isInCgroup {
            let reason = try reasonOfDeath(Conversation(launched.socket, as: .host, []))
            guard reason.errno == .EAGAIN, plan.cgroup != nil else { throw reason.during(currentStep()) }
            launched = try launch(inCgroup: false)
        }
        guard launched.report.second != 0 else {
            throw try reasonOfDeath(Conversation(launched.socket, as: .host, [])).during(currentStep())
        }
        return launched
    }

    private borrowing func moveIntoCgroup(_ joined: ContainerProcess) throws(RuntimeError) {
        step(.enterCgroups)
        guard let cgroup = plan.cgroup else { return }
        try Cgroup(record: cgroup).move(joined.pid, plan.subgroups)
    }

    /// Clones the process that joins, which is born into the cgroup (v2), or goes there by itself (v1), and waits until it has joined.
    private borrowing func launch(inCgroup: Bool) throws(RuntimeError) -> Launched {
        step(.clone)
        let (ours, theirs) = try explaining(.system, "no socket for the process", FileDescriptor.messagePair())
        plan.affinity.applyInitial()
        guard let cgroupRecord = plan.cgroup, inCgroup else {
            return Launched(report: try clone(theirs, nil, into: nil), socket: ours, isInCgroup: false)
        }
        let cgroup = try Cgroup(record: cgroupRecord)
        let entry = try cgroup.openEntry(plan.subgroups)
        let report: ExecInit.Start.Report
        do throws(RuntimeError) {
            report = try clone(theirs, entry.tasks, into: entry.directoryNumber)
        } catch  where error.errno == .EBUSY && plan.subgroups.isEmpty {
            // The container has handed its controllers on, as systemd does: then only the cgroups below take processes.
            let directory = try cgroup.directoryForClone(besides: record.pid, procfs: procfs)
            report = try clone(theirs, entry.tasks, into: directory.rawValue)
        }
        return Launched(report: report, socket: ours, isInCgroup: true)
    }

    private borrowing func clone(_ theirs: SharedDescriptor, _ tasks: CgroupTasks?, into directory: Int32?) throws(RuntimeError)
        -> ExecInit.Start.Report
    {
        // The log is ours alone, also after a trap.
        let traced = traceSteps(to: nil)
        Trap.setLog(nil)
        defer {
            traceSteps(to: traced)
            log.tellOfTraps()
        }
        // Who shares memory may not change its time namespace (setns(2)).
        let isOrdinary = plan.joins(.time)
        let start = try explaining(
            .system, "no memory for what the process reports",
            ExecInit.Start(
                plan: plan, socket: theirs.rawValue, initProcess: initProcess, tasks: tasks, sharesMemory: !isOrdinary))
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

    /// Waits until the first process has left its place: how it ended is in the report. It may be using our memory: nothing is allocated
    /// here before its end.
    private borrowing func awaitEnd(of first: borrowing ProcessHandle) throws(RuntimeError) {
        let outcome = Patience.usual.wait(for: first.descriptor.rawValue)
        if case .ready = outcome {
            _ = try? first.wait()
            return
        }
        // Frozen, it dies when it's thawed: until then it does nothing.
        try? first.send(signal: Signal.kill)
        if first.waitForEnd(milliseconds: 200) { _ = try? first.wait() }
        if let failure = Patience.usual.failure(outcome) { throw failure.during(currentStep()) }
    }

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
            // It's dead, and may have said why.
        }
        let program = ProgramStart(name: process.args.first ?? "", listener: plan.process.listener, patience: .usual)
        let execution = ExecutionMonitor(
            subject: "the process", pid: joined.pid, program: program, state: record.state(.running))
        try execution.complete(try joined.pidfd(), conversation, procfs)
    }
}
