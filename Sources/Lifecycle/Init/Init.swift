import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// What Host hands to Init: all of it in memory that both had when they were one.
final class InitContext {
    let plan: Plan
    /// Init's end of the conversation with Host.
    let socket: SharedDescriptor
    /// Listens in the state directory: `start` connects to it.
    let startSocket: SharedDescriptor
    /// What Host could open better than Init: nil if Init does it.
    let sources: MountSources?
    /// User namespaces for the id mappings of mounts that Init copies, by place in `/mounts`.
    let mappings: SortedMap<SharedDescriptor>
    /// Where mounts are written down that would stay on the host: nil with a mount namespace.
    let journal: MountJournal?
    /// cgroup v1: the files to enter by. nil where clone3 did it.
    let cgroupTasks: CgroupTasks?
    let cgroupView: CgroupView
    /// nil where Init stays the container's first process.
    let succession: Succession?
    /// What Init runs on.
    let stack: ProcessStack

    init(
        plan: Plan, socket: SharedDescriptor, startSocket: SharedDescriptor, sources: MountSources?,
        mappings: SortedMap<SharedDescriptor>, journal: MountJournal?, cgroupTasks: CgroupTasks?, cgroupView: CgroupView,
        succession: Succession?, stack: ProcessStack
    ) {
        self.plan = plan
        self.socket = socket
        self.startSocket = startSocket
        self.sources = sources
        self.mappings = mappings
        self.journal = journal
        self.cgroupTasks = cgroupTasks
        self.cgroupView = cgroupView
        self.succession = succession
        self.stack = stack
    }
}

/// The process that becomes the container's first: from the instruction after clone3 to execve.
///
/// The sequence is that of the two columns in docs/design.md. Each step is a function; its name is what errors and traces show.
struct Init: ~Copyable {
    let context: InitContext
    let conversation: Conversation
    var procfs: ProcFileSystem?

    private init(_ context: InitContext) {
        self.context = context
        conversation = Conversation(context.socket, as: .process, context.plan.script)
        procfs = nil
    }

    var plan: Plan { context.plan }

    /// Never returns: the process ends in execve, or with the error told to whoever listens.
    static func main(_ context: InitContext) -> Never {
        traceSteps(to: nil)
        var process = Init(context)
        do throws(RuntimeError) {
            try process.create()
        } catch {
            let failure = process.explained(error.during(currentStep()))
            process.conversation.fail(failure)
        }
        OwnProcess.exit(1)
    }

    /// The owner of what is made has to be somebody in the user namespace (EOVERFLOW, user_namespaces(7)).
    private func explained(_ error: RuntimeError) -> RuntimeError {
        guard error.errno == .EOVERFLOW, plan.namespaces.origin(of: .user) == .new,
            plan.idMappings.uids.hostID(of: 0) == nil || plan.idMappings.gids.hostID(of: 0) == nil
        else { return error }
        return error.suffixed(", since the user namespace has no mapping for user 0 or group 0, root, who makes it")
    }

    private mutating func create() throws(RuntimeError) {
        try isolate()
        let hasKeyring = !plan.makesKeyring ? true : try joinSessionKeyringEarly(of: plan.identity.id)
        try enterNamespaces()
        if !hasKeyring { try joinSessionKeyring(of: plan.identity.id) }
        try enterCgroups()
        try prepareSession()
        var rootfs = try makeRootfs()
        try announceMounted()
        try runCreateContainerHooks()
        try rootfs.enter()
        try setKernelParameters()
        try rootfs.hidePaths()
        let terminal = try openTerminal(rootfs)
        let program = try findProgram(rootfs)
        try rootfs.makeReadOnly()
        try rootfs.setPropagation()
        if plan.process?.spec.terminal != true {
            try StandardStreams.replaceHostNull(rootfs.root, isInUserNamespace: plan.namespaces.has(.user))
        }
        try becomePrepared(program, terminal)
    }

    private var joinedPIDNamespace: NamespacePlan.Join? { plan.namespaces.joins.first { $0.kind == .pid } }

    /// Lets go of all that isn't needed, and makes sure that the end of Host is the end of this process too.
    private func isolate() throws(RuntimeError) {
        step(.isolate)
        Signal.resetAll()
        Trap.install(exitStatus: 1)
        Trap.setLog(nil)
        OwnProcess.setUmask(0)
        // A session of its own: the caller's terminal sends it no signals, and whoever types there reaches only the caller.
        OwnProcess.startSession()
        Affinity.allowAll()
        try dieWithHost(conversation)
        var kept: [Int32] = [context.socket.rawValue, context.startSocket.rawValue]
        kept += plan.namespaceFiles.descriptors
        kept += context.sources?.descriptors ?? []
        kept += context.mappings.values.map { $0.rawValue }
        kept += context.journal.map { [$0.rawValue] } ?? []
        kept += context.cgroupTasks?.descriptors ?? []
        try closeDescriptors(from: 3 + Int32(plan.process?.preservedDescriptors ?? 0), but: kept)
    }

    private func makeRootfs() throws(RuntimeError) -> Rootfs {
        step(.openMountSources)
        let sources: MountSources
        if let opened = context.sources {
            sources = opened
        } else {
            sources = try MountSources.open(plan, copiesAtOnce: false)
        }
        var rootfs = try Rootfs(
            plan: plan, sources: sources, mappings: context.mappings, journal: context.journal,
            cgroups: context.cgroupView, pidNamespace: plan.namespaceFiles.file(of: .pid))
        try rootfs.mountAll()
        try rootfs.makeDevices()
        return rootfs
    }

    private func announceMounted() throws(RuntimeError) {
        guard plan.hasEarlyHooks else { return }
        say(.mounted)
        step(.waitForHooks)
        guard try conversation.hear(within: .endless) != nil else { OwnProcess.exit(1) }
    }

    private func runCreateContainerHooks() throws(RuntimeError) {
        step(.createContainerHooks)
        try HookRunner.run(
            plan.hooks.createContainer, kind: .createContainer,
            state: plan.identity.state(.created, pid: OwnProcess.pid), directory: plan.identity.bundle)
    }

    func say(_ message: Message) {
        do throws(RuntimeError) {
            try conversation.say(message)
        } catch {
            // Nobody is there to be told.
            OwnProcess.exit(1)
        }
    }

    /// Finds the program and checks that it can be run: engines want to hear of it from `create`, in these words.
    ///
    /// - Returns: nil for a container without a process, and where only a process in the joined pid namespace can find it.
    private func findProgram(_ rootfs: borrowing Rootfs) throws(RuntimeError) -> ByteString? {
        guard let execution else { return nil }
        step(.findProgram)
        do throws(SystemError) {
            let directory = try rootfs.root.makeDirectories(execution.plan.spec.cwd)
            // Who may not enter it as root, may as the user: that's found out later.
            if (try? OwnProcess.changeDirectory(to: directory)) != nil { try ProgramLookup.requireReachable() }
            try OwnProcess.changeDirectory(to: "/")
        } catch {
            throw ProcessExecution.failureOfWorkingDirectory(execution.plan.spec, error)
        }
        do throws(RuntimeError) {
            return try execution.findProgram()
        } catch {
            // /proc/self isn't there yet for a process outside the pid namespace. But what it may not execute with all rights is no program.
            guard joinedPIDNamespace != nil, error.errno != .EACCES else { throw error }
            return nil
        }
    }

    // MARK: Leaving the caller's memory

    /// Goes on as the process that waits for `start`, or leaves its place to that one: returns only by an error. That process has nothing in memory but what is prepared here.
    private func becomePrepared(_ program: ByteString?, _ terminal: consuming Terminal?) throws(RuntimeError) {
        let execution = execution
        let hooks = plan.hooks.startContainer
        var entersDirectoryLate = false
        var environment: [ByteString] = []
        if let execution {
            environment = Environment.entries(for: execution.plan.spec, listenDescriptors: execution.plan.listenDescriptors)
            try execution.setIOPriority()
            // Hooks run with all rights, and in the root.
            if hooks.isEmpty { entersDirectoryLate = !execution.enterWorkingDirectory() }
        }
        let ends = try release(terminal)
        let stack = try explaining(.system, "no memory for the container's process", ProcessStack())
        ProcessStack.beginAllocation()
        let prepared = PreparedProcess(
            socket: context.socket.rawValue, startSocket: context.startSocket.rawValue, terminal: ends,
            execution: execution, program: program, environment: environment,
            hooks: hooks.isEmpty
                ? nil : PreparedProcess.Hooks(list: hooks, state: plan.identity.state(.created, pid: 0)),
            entersDirectoryLate: entersDirectoryLate, preparedOn: joinedPIDNamespace == nil ? context.stack : nil)
        if let join = joinedPIDNamespace {
            try leavePlace(to: prepared, in: join, on: stack)
        } else {
            try reducePrivileges(of: prepared, before: [])
            stack.run(prepared.context) { PreparedProcess.beFirst($0) }
        }
    }

    /// nil for a container that is made without a process.
    private var execution: ProcessExecution? {
        plan.process.map { ProcessExecution(plan: $0) }
    }

    /// Both sides of a terminal as numbers, which outlive their owner.
    private func release(_ terminal: consuming Terminal?) throws(RuntimeError) -> (controller: Int32, peer: Int32)? {
        guard let terminal else { return nil }
        return try explaining(
            .terminal, "the terminal can't be kept",
            (try terminal.controller.duplicate().release(), try terminal.peer.duplicate().release()))
    }

    /// Gives up what nothing more is done by: others may be in the pid namespace, a joined one, or by exec, while the process waits.
    private func reducePrivileges(of prepared: PreparedProcess, before calls: [FilteredCall]) throws(RuntimeError) {
        guard let execution = prepared.execution else { return try giveUpAllPrivileges() }
        guard plan.hooks.startContainer.isEmpty else { return }
        if try execution.reducePrivileges(before: calls + [(SystemCallNumber.accept4, [])]) { prepared.filter = nil }
    }

    /// Joins a given pid namespace, which takes only processes that are born into it, and leaves the place to such a one. The last
    /// thing of all: nothing that has the host's root, or memory or rights of the caller's, must ever be seen there.
    private func leavePlace(to prepared: PreparedProcess, in join: NamespacePlan.Join, on stack: ProcessStack)
        throws(RuntimeError)
    {
        guard let succession = context.succession else {
            throw RuntimeError(.system, "no process was expected to come after Init")
        }
        step(.joinPIDNamespace)
        if !plan.namespaces.isStaged { try enter(join) }
        try succession.withhold()
        try explaining(.system, "the caller's memory can't be kept from the container's process", context.stack.withholdMemory())
        try reducePrivileges(of: prepared, before: [(SystemCallNumber.clone, [ProcessStack.siblingFlags])])
        step(.joinPIDNamespace)
        try explaining(.namespace, "a process in the pid namespace can't be made", pointer: "/linux/namespaces") {
            () throws(SystemError) in
            try stack.cloneSibling(number: succession.number, prepared.context) { PreparedProcess.beFirst($0) }
        }
        OwnProcess.exit(0)
    }
}
