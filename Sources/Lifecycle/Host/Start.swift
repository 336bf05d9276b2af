public import Bytes
import CLinux
public import Errors
import Linux
import OCI
import Seccomp

/// Has a created container run its program: runtime.md, "Start".
public func startContainer(id: ByteString, _ host: HostOptions) throws(RuntimeError) {
    c_ignore_signal(SIGPIPE)
    let directory = try ContainerDirectory.require(id, host)
    try directory.lockForChange()
    let record = try directory.requireRecord()
    let procfs = try hostProcFileSystem()
    switch try Observation(record, in: directory, procfs: procfs).status {
    case .created: break
    case .stopped:
        throw RuntimeError(.wrongState, "cannot start a container that has stopped", hint: "delete it and create it anew")
    case .creating: throw RuntimeError(.wrongState, "cannot start a container that is being created")
    case .running: throw RuntimeError(.wrongState, "cannot start an already running container")
    case .paused: throw RuntimeError(.wrongState, "cannot start a container that is paused", hint: "resume it first")
    }
    let config = try directory.config()
    guard config.process != nil else {
        throw RuntimeError(
            .invalidConfig, "missing: a container can't be started without it", pointer: "/process",
            hint: "create it anew with a process in config.json")
    }
    try Starting(record: record, config: config, host: host).execute(directory, procfs)
}

/// The conversation that lets Init go on.
struct Starting {
    let record: ContainerRecord
    let config: Config
    let host: HostOptions

    /// A failure ends and deletes the container: runtime.md, "Lifecycle", steps 8 and 10.
    func execute(_ directory: borrowing ContainerDirectory, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        do throws(RuntimeError) {
            try release(directory)
            try directory.markStarted()
            step("poststart hooks")
            try HookRunner.run(
                config.hooks.poststart, kind: .poststart, state: state(.running), directory: record.bundle)
        } catch {
            let failure = error.during(currentStep())
            do throws(RuntimeError) {
                guard let root = try StateRoot.open(host.root) else { throw failure }
                try Deletion(record: record, host: host).execute(directory, root, procfs, force: true)
            } catch {
                host.log.warn("what is left of the container can't be removed: " + error.message)
            }
            throw failure
        }
    }

    /// Connects to Init, and waits until it has become the program.
    private func release(_ directory: borrowing ContainerDirectory) throws(RuntimeError) {
        step("start")
        let connection = try explaining(.initDied, "container init can't be reached") { () throws(SystemError) in
            SharedDescriptor(try .connect(name: ContainerDirectory.startSocketName, in: directory.descriptor, timeout: 10_000))
        }
        // Who listens is whoever created the container: the caller, as the state directory's owner.
        guard c_peer_user(connection.rawValue) == Int64(geteuid()) else {
            throw RuntimeError(.corruptState, "the start socket belongs to another user")
        }
        let conversation = Handshake(connection)
        var isExecuting = false
        while let (message, descriptors) = try conversation.receive() {
            switch message {
            case .executing: isExecuting = true
            case .failed(let error): throw error
            case .warning(let text): host.log.warn(text)
            case .listener:
                guard let listener = descriptors.first else { continue }
                try handOver(listener, of: record.pid, config, state(.creating))
                try conversation.tell(.listening)
            default: continue
            }
        }
        // The end came by execve, or by the end of Init.
        guard isExecuting else {
            throw RuntimeError(.initDied, "container init died before it ran the program")
        }
    }

    private func state(_ status: ContainerState.Status) -> ContainerState { record.state(status) }
}

/// Gives a filter's listener to the agent that the configuration names: config-linux.md, "The Container Process State".
func handOver(_ listener: SharedDescriptor, of pid: Int32, _ config: Config, _ state: ContainerState) throws(RuntimeError) {
    guard let seccomp = config.linux.seccomp, let path = seccomp.listenerPath else { return }
    let state = ContainerProcessState(
        ociVersion: state.ociVersion, pid: pid, metadata: seccomp.listenerMetadata, state: state.hookJSON)
    try listener.with { (listener) throws(RuntimeError) in try SeccompListener.send(listener, to: path, state) }
}
