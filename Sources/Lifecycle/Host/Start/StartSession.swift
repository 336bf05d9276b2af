import Bytes
import Errors
import Linux
import OCI

/// The conversation that lets Init go on.
struct StartSession {
    let record: ContainerRecord
    let plan: StartPlan
    let process: SharedDescriptor
    let settings: GlobalSettings

    /// A failure ends and deletes the container: runtime.md, "Lifecycle", steps 8 and 10.
    func execute(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
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

    /// Connects to Init, and waits until it has become the program.
    private func release(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        step(.start)
        let connection = try explaining(
            .initDied, "container init can't be reached",
            SharedDescriptor(try .connect(name: ContainerDirectory.startSocketName, in: directory.descriptor, timeout: 10_000)))
        // Who listens is whoever created the container: the caller, as the state directory's owner.
        guard connection.file.peerUser() == Credentials.effectiveUser else {
            throw RuntimeError(.corruptState, "the start socket belongs to another user")
        }
        let execution = ExecutionMonitor(
            subject: "container init", pid: record.pid, program: plan.program, state: state(.creating))
        try execution.complete(
            process, Conversation(connection, as: .host, .start(notifies: plan.program.listener != nil)), procfs)
        try requireThatInitIsGone(directory)
    }

    /// Makes sure that nobody listens for `start` any more: else it was another process of the pid namespace, with Init's socket, that
    /// said in Init's place that the program runs.
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
