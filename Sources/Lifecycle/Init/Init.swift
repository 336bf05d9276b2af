import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl
import Seccomp

/// Everything that Host hands to Init. Init has it in its copy of Host's memory.
final class InitContext {
    let plan: Plan
    /// Init's end of the conversation with Host.
    let socket: SharedDescriptor
    /// Listens in the state directory: `start` connects to it.
    let startSocket: SharedDescriptor
    /// The mount sources that Host opened, because Init may lack the rights: nil if Init opens them itself.
    let sources: MountSources?
    /// User namespaces for the id mappings of the mounts that Init copies, by index in `/mounts`.
    let mappings: SortedMap<SharedDescriptor>
    /// Lists the mounts that would stay on the host: nil if the container has a mount namespace.
    let journal: MountJournal?
    /// The files by which Init enters its resctrl group: nil if it has none.
    let resctrl: ResctrlTasks?
    /// Init's cgroup. nil if systemd is still to make it: then Host tells Init later.
    let place: InitPlace?
    /// nil if Init itself becomes the container's first process.
    let succession: Succession?
    /// The stack that Init runs on.
    let stack: ProcessStack
    /// The root of Host's procfs, which Init has open until `isolate`.
    let procfs: Int32

    init(
        plan: Plan, socket: SharedDescriptor, startSocket: SharedDescriptor, sources: MountSources?,
        mappings: SortedMap<SharedDescriptor>, journal: MountJournal?, resctrl: ResctrlTasks?, place: InitPlace?,
        succession: Succession?, stack: ProcessStack, procfs: Int32
    ) {
        self.plan = plan
        self.socket = socket
        self.startSocket = startSocket
        self.sources = sources
        self.mappings = mappings
        self.journal = journal
        self.resctrl = resctrl
        self.place = place
        self.succession = succession
        self.stack = stack
        self.procfs = procfs
    }
}

/// The process that becomes the container's first, from clone3 until it goes on as a PreparedProcess or clones one in its
/// place.
///
/// docs/design.md shows the sequence beside Host's. Each step has a name (`Step`), which errors and traces show.
struct Init: ~Copyable {
    let context: InitContext
    let conversation: Conversation
    var procfs: ProcFileSystem?
    /// Init's cgroup, as soon as it's known.
    var place: InitPlace?
    /// Closed as soon as it's used, or once it's another process's.
    let status: OwnStatus?

    init(_ context: InitContext, _ script: Script) {
        self.context = context
        conversation = Conversation(context.socket, as: .process, script)
        procfs = nil
        place = context.place
        status = OwnStatus(procfs: context.procfs)
    }

    var plan: Plan { context.plan }

    /// Runs Init, which ends in execve, leaves its place to its successor, or tells Host an error and exits.
    static func main(_ context: InitContext) -> Never {
        traceSteps(to: nil)
        var process = Init(context, context.plan.script)
        do throws(RuntimeError) {
            try process.create()
        } catch {
            let failure = process.explained(error.during(currentStep()))
            process.conversation.fail(failure)
        }
        OwnProcess.exit(1)
    }

    /// Explains EOVERFLOW: a new file's owner needs a mapping in the user namespace (user_namespaces(7)).
    func explained(_ error: RuntimeError) -> RuntimeError {
        guard error.errno == .EOVERFLOW, plan.namespaces.origin(of: .user) == .new,
            plan.idMappings.uids.hostID(of: 0) == nil || plan.idMappings.gids.hostID(of: 0) == nil
        else { return error }
        return error.suffixed(", since the user namespace has no mapping for user 0 or group 0, root, who makes it")
    }

    private mutating func create() throws(RuntimeError) {
        try isolate()
        try enterResctrlGroup()
        if plan.isPlacedFirst { place = try awaitPlace() }
        let hasKeyring = !plan.makesKeyring ? true : try joinSessionKeyringEarly(of: plan.identity.id)
        try enterNamespaces()
        if !hasKeyring { try joinSessionKeyring(of: plan.identity.id) }
        if let place { try enterCgroups(place) }
        try prepareSession()
        DescriptorClosing.gatherReferences()
        var rootfs = try makeRootfs()
        DescriptorClosing.closeGathered()
        try announceMounted()
        try runCreateContainerHooks()
        try rootfs.enter()
        DescriptorClosing.gatherReferences()
        try setKernelParameters()
        try rootfs.hidePaths()
        let terminal = try openTerminal(rootfs)
        let program = try findProgram(rootfs)
        try rootfs.makeReadOnly()
        try rootfs.setPropagation()
        if plan.process?.spec.terminal != true {
            try StandardStreams.replaceHostNull(rootfs.root, isInUserNamespace: plan.namespaces.has(.user))
        }
        DescriptorClosing.closeGathered()
        try becomePrepared(program, terminal)
    }

    private var joinedPIDNamespace: NamespacePlan.Join? { plan.namespaces.joins.first { $0.kind == .pid } }

    /// Drops what this process inherited from Host and doesn't need, and has the kernel kill it when Host ends.
    private func isolate() throws(RuntimeError) {
        step(.isolate)
        try explaining(.system, "the program's file can't be unmapped", SealedProgram.dropHostPart())
        Signal.noteIgnored(status)
        Signal.resetIgnored()
        Trap.renew(exitStatus: 1)
        Trap.setLog(nil)
        OwnProcess.setUmask(0)
        // In a session of its own, this process gets no signals from the caller's terminal.
        OwnProcess.startSession()
        Affinity.allowAll()
        try dieWithHost(conversation)
        var kept: [Int32] = [context.socket.rawValue, context.startSocket.rawValue]
        kept += plan.namespaceFiles.descriptors
        kept += context.sources?.descriptors ?? []
        kept += context.mappings.values.map { $0.rawValue }
        kept += context.journal.map { [$0.rawValue] } ?? []
        kept += context.place?.tasks.descriptors ?? []
        kept += context.resctrl?.descriptors ?? []
        kept += (status?.descriptor).map { [$0] } ?? []
        try closeDescriptors(from: 3 + Int32(plan.process?.preservedDescriptors ?? 0), but: kept)
    }

    /// Enters the resctrl group while this process is the host's root. Its children are born there, a successor too.
    private func enterResctrlGroup() throws(RuntimeError) {
        guard let resctrl = context.resctrl else { return }
        step(.enterResctrlGroup)
        try resctrl.enter()
        resctrl.closeFiles()
    }

    private mutating func makeRootfs() throws(RuntimeError) -> Rootfs {
        step(.openMountSources)
        let sources: MountSources
        if let opened = context.sources {
            sources = opened
        } else {
            sources = try MountSources.open(plan, copiesAtOnce: false)
        }
        var rootfs = try Rootfs(
            plan: plan, sources: sources, mappings: context.mappings, journal: context.journal,
            pidNamespace: plan.namespaceFiles.file(of: .pid))
        let mounts = plan.rootfs.mounts
        let rest = mounts.firstIndex { $0.needsCgroup } ?? mounts.endIndex
        try rootfs.mount(mounts[..<rest])
        rootfs.cgroups = try takePlace().view
        try rootfs.mount(mounts[rest...])
        try rootfs.makeDevices()
        return rootfs
    }

    /// The place in the container's cgroup, which this process is in from now on.
    private mutating func takePlace() throws(RuntimeError) -> InitPlace {
        if let place { return place }
        // The files of the cgroup come as descriptors, and the kernel drops those for which there is no number.
        DescriptorClosing.closeGathered()
        let place = try awaitPlace()
        DescriptorClosing.gatherReferences()
        try enterCgroups(place)
        self.place = place
        return place
    }

    private func announceMounted() throws(RuntimeError) {
        guard plan.waitsForHost else { return }
        say(.mounted)
        step(.waitForHost)
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
            // Host has ended: no one is left to report to.
            OwnProcess.exit(1)
        }
    }

    /// Finds the program and checks that it can be executed: engines expect these errors, with these texts, from `create`.
    ///
    /// - Returns: nil for a container without a process, or if only a process in the joined pid namespace can find the program.
    @inline(never)
    func findProgram(_ rootfs: borrowing Rootfs) throws(RuntimeError) -> ByteString? {
        guard let execution else { return nil }
        step(.findProgram)
        do throws(SystemError) {
            let directory = try rootfs.root.makeDirectories(execution.plan.spec.cwd)
            // If root can't enter the directory, the user perhaps can: the process tries that later.
            if (try? OwnProcess.changeDirectory(to: directory)) != nil { try ProgramLookup.requireReachable() }
            try OwnProcess.changeDirectory(to: "/")
        } catch {
            throw ProcessExecution.failureOfWorkingDirectory(execution.plan.spec, error)
        }
        do throws(RuntimeError) {
            return try execution.findProgram()
        } catch {
            // Below /proc/self, a process outside the pid namespace finds nothing: so the successor searches again. EACCES is
            // final, because this process still has all its capabilities.
            guard joinedPIDNamespace != nil, error.errno != .EACCES else { throw error }
            return nil
        }
    }

    // MARK: Leaving the caller's memory

    /// Goes on as the process that waits for `start`, or clones that process and exits. Returns only by throwing.
    ///
    /// The memory of the waiting process holds only what is prepared here.
    private func becomePrepared(_ program: ByteString?, _ terminal: consuming Terminal?) throws(RuntimeError) {
        let execution = execution
        let hooks = plan.hooks.startContainer
        var entersDirectoryLate = false
        var environment: [ByteString] = []
        if let execution {
            environment = Environment.entries(for: execution.plan.spec, listenDescriptors: execution.plan.listenDescriptors)
            try execution.setInherited()
            // Hooks run with all capabilities and in "/": with hooks, the process enters the directory after them.
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
    var execution: ProcessExecution? {
        plan.process.map { ProcessExecution(plan: $0) }
    }

    /// Duplicates both sides of a terminal, as numbers that stay open when `Terminal` closes its own.
    private func release(_ terminal: consuming Terminal?) throws(RuntimeError) -> (controller: Int32, peer: Int32)? {
        guard let terminal else { return nil }
        return try explaining(
            .terminal, "the terminal can't be kept",
            (try terminal.controller.duplicate().release(), try terminal.peer.duplicate().release()))
    }

    /// Drops the privileges that the remaining steps don't need: while the process waits, other processes may be in its pid
    /// namespace, because the namespace is shared or through `exec`. With startContainer hooks, this is done after them.
    private func reducePrivileges(of prepared: PreparedProcess, before calls: [FilteredCall]) throws(RuntimeError) {
        // It's a file of the host's, so the process that waits may not have it.
        defer { status?.close() }
        guard let execution = prepared.execution else { return try giveUpAllPrivileges(status) }
        guard plan.hooks.startContainer.isEmpty else { return }
        if try execution.reducePrivileges(before: calls + [(SystemCallNumber.accept4, [])], status) { prepared.filter = nil }
    }

    /// Joins the given pid namespace, clones the successor in it and exits: a pid namespace takes only processes that are born
    /// in it.
    ///
    /// This comes last: no process with the host's root, or with memory or privileges of the caller's, may be visible there.
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
