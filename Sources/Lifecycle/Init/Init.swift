import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI
import Seccomp

/// What Host hands to Init: all of it in memory that both had when they were one.
struct Inheritance {
    let plan: Plan
    let handshake: SharedDescriptor
    /// Listens in the state directory: `start` connects to it.
    let startSocket: SharedDescriptor
    let namespaces: NamespaceFiles
    /// What Host could open better than Init: nil if Init does it.
    let sources: Sources?
    /// User namespaces for the id mappings of mounts that Init copies, by place in `/mounts`.
    let mappings: [Int: SharedDescriptor]
    /// Where mounts are written down that would stay on the host: nil with a mount namespace.
    let journal: MountJournal?
    /// cgroup v1: the files to enter by. nil where clone3 did it.
    let cgroupTasks: CgroupTasks?
    let cgroupView: CgroupView
    let sysctls: [SysctlPlan.Entry]
    let seccomp: SeccompProgram?
}

/// The process that becomes the container's first: from the instruction after clone3 to execve.
///
/// The sequence is that of the two columns in docs/design.md. Each step is a function; its name is what errors and traces show.
struct Init: ~Copyable {
    let inheritance: Inheritance
    let handshake: Handshake
    var procfs: ProcFileSystem?
    /// What `start` executes: nil as long as there may be hooks to run before.
    var image: ProcessExecution.Image?

    private init(_ inheritance: Inheritance) {
        self.inheritance = inheritance
        handshake = Handshake(inheritance.handshake)
        procfs = nil
        image = nil
    }

    var plan: Plan { inheritance.plan }

    /// Never returns: the process ends in execve, or with the error told to whoever listens.
    static func main(_ inheritance: Inheritance) -> Never {
        traceSteps(to: nil)
        var process = Init(inheritance)
        do throws(RuntimeError) {
            try process.create()
        } catch {
            let failure = process.explained(error.during(currentStep()))
            try? process.handshake.send(.failed(failure))
            _exit(1)
        }
        process.waitForStart()
    }

    /// The owner of what is made has to be somebody in the user namespace (EOVERFLOW, user_namespaces(7)).
    private func explained(_ error: RuntimeError) -> RuntimeError {
        let linux = plan.config.linux
        guard error.errno == EOVERFLOW, plan.namespaces.origin(of: .user) == .new,
            linux.uidMappings.hostID(of: 0) == nil || linux.gidMappings.hostID(of: 0) == nil
        else { return error }
        return error.suffixed(", since the user namespace has no mapping for user 0 or group 0, root, who makes it")
    }

    private mutating func create() throws(RuntimeError) {
        try isolate()
        let hasKeyring = plan.options.noNewKeyring ? true : try joinSessionKeyringEarly(of: plan.options.id)
        try enterNamespaces()
        if !hasKeyring { try joinSessionKeyring(of: plan.options.id) }
        try enterCgroups()
        try prepareSession()
        var rootfs = try makeRootfs()
        try announceMounted()
        try runCreateContainerHooks()
        try rootfs.enter()
        try enterJoinedPIDNamespace()
        try rootfs.mountDeferred()
        try setKernelParameters()
        try rootfs.hidePaths()
        let terminal = try openTerminal(rootfs)
        let program = try findProgram(rootfs)
        try rootfs.makeReadOnly()
        try rootfs.setPropagation()
        if plan.config.process?.terminal != true { try StandardStreams.replaceHostNull(rootfs.root) }
        if let execution, let program {
            // Hooks are run with all rights.
            if plan.config.hooks.startContainer.isEmpty { image = try makeImage(execution, program) }
        } else {
            try giveUpAllPrivileges()
        }
        try announceReady(terminal)
    }

    /// Lets go of all that isn't needed, and makes sure that the end of Host is the end of this process too.
    private func isolate() throws(RuntimeError) {
        step("isolate")
        c_signals_reset()
        c_trap_install(1)
        c_trap_log(-1, 0)
        _ = umask(0)
        // A session of its own: the caller's terminal sends it no signals, and whoever types there reaches only the caller.
        _ = setsid()
        Affinity.allowAll()
        try dieWithHost(handshake)
        var kept: [Int32] = [inheritance.handshake.rawValue, inheritance.startSocket.rawValue]
        kept += inheritance.namespaces.descriptors
        kept += inheritance.sources?.descriptors ?? []
        kept += inheritance.mappings.values.map { $0.rawValue }
        kept += inheritance.journal.map { [$0.rawValue] } ?? []
        kept += inheritance.cgroupTasks?.descriptors ?? []
        try closeDescriptors(from: 3 + Int32(plan.preservedDescriptors), but: kept)
    }

    private func makeRootfs() throws(RuntimeError) -> Rootfs {
        step("open mount sources")
        let sources: Sources
        if let opened = inheritance.sources {
            sources = opened
        } else {
            sources = try Sources.open(plan, copiesAtOnce: false)
        }
        var rootfs = try Rootfs(
            plan: plan, sources: sources, mappings: inheritance.mappings, journal: inheritance.journal,
            cgroups: inheritance.cgroupView, pidNamespace: inheritance.namespaces.file(of: .pid))
        try rootfs.mountAll()
        try rootfs.makeDevices()
        return rootfs
    }

    private func announceMounted() throws(RuntimeError) {
        guard plan.hasEarlyHooks else { return }
        try say(.mounted)
        step("wait for hooks")
        guard case .hooked? = try handshake.receive()?.message else { _exit(1) }
    }

    private func runCreateContainerHooks() throws(RuntimeError) {
        step("createContainer hooks")
        try HookRunner.run(
            plan.config.hooks.createContainer, kind: .createContainer,
            state: ContainerState.forHook(plan, pid: getpid(), status: .created), directory: plan.bundle)
    }

    func say(_ message: Message, descriptors: [Int32] = []) throws(RuntimeError) {
        do throws(SystemError) {
            try handshake.send(message, descriptors: descriptors)
        } catch {
            // Nobody is there to be told.
            _exit(1)
        }
    }

    /// Tells Host that all is made, and waits until Host has written it down.
    private func announceReady(_ terminal: consuming Terminal?) throws(RuntimeError) {
        step("ready")
        if let terminal {
            try say(.ready, descriptors: [terminal.controller.rawValue])
            try StandardStreams.become(terminal.peer)
        } else {
            try say(.ready)
        }
        guard case .created? = try handshake.receive()?.message else { _exit(1) }
        c_end_by_signals()
        try outliveHost()
        // Host waits for the end of the conversation: after it, its own end no longer matters.
        try closeDescriptors(from: 3 + Int32(plan.preservedDescriptors), but: [inheritance.startSocket.rawValue])
    }
}
