import Bytes
import Errors
import Linux
import OCI

/// A container that was started.
struct StartedContainer {
    let pid: Int32
    let process: SharedDescriptor
    /// What the container tells the service manager: nil if it can't.
    let notify: NotifyRelay?
}

/// `start`'s conversation with Init, which becomes the container's program.
struct StartSession {
    let record: ContainerRecord
    let plan: StartPlan
    let process: SharedDescriptor
    let settings: GlobalSettings

    static var refusalOfStopped: RuntimeError {
        RuntimeError(.wrongState, "cannot start a container that has stopped", hint: "delete it and create it anew")
    }

    static var refusalWithoutProcess: RuntimeError {
        RuntimeError(
            .invalidConfig, "missing: a container can't be started without it", pointer: "/process",
            hint: "create it anew with a process in config.json")
    }

    /// Starts the container, and passes on what it tells the service manager.
    func start(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> StartedContainer
    {
        let notify = try NotifyRelay.open(directory, settings.log)
        try execute(directory, procfs)
        return StartedContainer(pid: record.pid, process: process, notify: notify)
    }

    /// Starts the container and runs the poststart hooks. A failure ends and deletes the container. Source: runtime.md,
    /// "Lifecycle", steps 8 and 10.
    private func execute(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        do throws(RuntimeError) {
            try release(directory, procfs)
            try directory.markStarted()
            step(.poststartHooks)
            try HookRunner.run(
                plan.poststart, kind: .poststart, state: state(.running), directory: record.bundle)
        } catch {
            let failure = error.during(currentStep())
            do throws(RuntimeError) {
                guard let root = try StateRoot.open(settings.root) else { throw failure }
                try Deletion(record: record, settings: settings).execute(directory, root, procfs, force: true)
            } catch {
                settings.log.warn("what is left of the container can't be removed: " + error.message)
            }
            throw failure
        }
    }

    /// Connects to Init and waits until Init has become the program.
    private func release(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.start)
        let connection = try explaining(
            .initDied, "container init can't be reached",
            SharedDescriptor(try .connect(name: ContainerDirectory.startSocketName, in: directory.descriptor, timeout: 10_000)))
        // `create` made the listening socket, as the user who owns the state directory. That is our own user: StateRoot accepts
        // no other.
        guard connection.file.peerUser() == Credentials.effectiveUser else {
            throw RuntimeError(.corruptState, "the start socket belongs to another user")
        }
        let execution = ExecutionMonitor(
            subject: "container init", pid: record.pid, program: plan.program, state: state(.creating))
        try execution.complete(
            process, Conversation(connection, as: .host, .start(notifies: plan.program.listener != nil)), procfs)
        try requireThatInitIsGone(directory)
    }

    /// Checks that the start socket is closed, as execve closes it. If something still listens, either Init still waits, or
    /// another process of the pid namespace has taken the socket: that process may have answered in Init's place.
    private func requireThatInitIsGone(_ directory: borrowing ContainerDirectory) throws(RuntimeError) {
        do throws(SystemError) {
            _ = try FileDescriptor.connect(
                name: ContainerDirectory.startSocketName, in: directory.descriptor, timeout: 10_000)
        } catch  where error.errno == .ECONNREFUSED {
            return
        } catch {
            throw RuntimeError(.system, "can't tell whether the container's program runs", error)
        }
        throw RuntimeError(
            .initDied, "another process spoke for container init: it still waits, or its socket was taken",
            hint: "who shares its pid namespace and has CAP_SYS_PTRACE can do that; give it a user namespace")
    }

    private func state(_ status: ContainerState.Status) -> ContainerState { record.state(status) }
}
