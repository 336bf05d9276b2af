import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl
import Seccomp

/// `create`'s conversation with Init, the process that becomes the container's first.
final class CreateSession {
    let transaction: ContainerTransaction
    private let console: ConsoleSocket
    private var succession: Succession?
    /// Whether Init's successor has become the container's first process.
    private var hasSuccessor = false

    private var plan: Plan { transaction.plan }
    /// The container's first process, and its terminal if it has one.
    var process: ContainerProcess? { transaction.process }

    /// Reads the bundle, makes the plan, connects to the console socket and makes the container's directory. Of two commands
    /// that create the same id at the same time, only one succeeds.
    ///
    /// - Parameters:
    ///   - options: The options of `create`.
    ///   - detached: Whether the command returns while the container lives, so that only a console socket can take the
    ///     terminal.
    ///   - settings: The global options.
    /// - Returns: The session, to be executed.
    /// - Throws: An error if the container can't be created.
    static func begin(_ options: CreateOptions, detached: Bool, _ settings: GlobalSettings) throws(RuntimeError) -> CreateSession
    {
        DescriptorClosing.gatherReferences()
        let planned = try PlannedContainer(options, settings)
        let console = try ConsoleSocket(
            options.consoleSocket, terminal: planned.plan.process?.spec.terminal == true, detached: detached)
        return try CreateSession(transaction: try .begin(planned, settings), console: console)
    }

    private init(transaction: ContainerTransaction, console: consuming ConsoleSocket) throws(RuntimeError) {
        self.transaction = transaction
        self.console = console
        succession = transaction.plan.namespaces.hasSuccessor ? try Succession() : nil
    }

    /// Creates the container, which then waits for `start` and is still locked. On failure everything that was made is undone.
    func execute() throws(RuntimeError) {
        try transaction.attempt { () throws(RuntimeError) in
            try finish(try prepare())
        }
    }

    /// Makes the container up to where Init is ready. Begins again if another program removes the container's cgroup meanwhile.
    private func prepare() throws(RuntimeError) -> Conversation {
        var attempts = 0
        while true {
            do throws(RuntimeError) {
                try transaction.prepareResctrlGroup()
                try transaction.prepareCgroup()
                let conversation = try launch()
                try place(conversation)
                try converse(conversation)
                return conversation
            } catch {
                let failure = error.during(currentStep())
                guard attempts < 16, transaction.hasLostCgroup(because: error), transaction.startOver() else { throw failure }
                attempts += 1
                if succession != nil { succession = try Succession() }
                hasSuccessor = false
            }
        }
    }

    /// Clones Init. Until `finish` releases it, the kernel kills Init if this command ends.
    private func launch() throws(RuntimeError) -> Conversation {
        step(.clone)
        DescriptorClosing.closeGathered()
        let (ours, theirs) = try explaining(.system, "no socket for the container's first process", FileDescriptor.messagePair())
        let startSocket = try explaining(
            .system, "the start socket can't be made",
            SharedDescriptor(try .listen(name: ContainerDirectory.startSocketName, in: transaction.directory.descriptor)))
        if plan.notifies { try NotifyPlace.make(in: transaction.directory.descriptor, label: plan.rootfs.label) }
        var mappings = try MappedMounts.namespaces(plan, transaction.procfs)
        let sources = try MountSources.openedByHost(plan, &mappings, transaction.procfs)
        let stack = try explaining(.system, "no memory for the container's first process", ProcessStack())
        let context = InitContext(
            plan: plan, socket: theirs, startSocket: startSocket, sources: sources,
            mappings: mappings,
            journal: plan.namespaces.has(.mount) ? nil : try MountJournal.make(in: transaction.directory.descriptor),
            resctrl: try transaction.resctrl?.openTasks(),
            place: plan.cgroup?.unit == nil ? try InitPlace(plan, transaction.cgroup) : nil,
            succession: succession, stack: stack, procfs: transaction.procfs.root.rawValue)
        if plan.makesKeyring { try plan.process?.spec.labelKeyring(by: transaction.procfs) }
        step(.clone)
        let cgroupDirectory = try transaction.cgroup?.sharedDirectoryForClone()
        Trap.shareStep()
        try NamespaceFiles.visiting(plan.namespaces.joinedByHost, plan.namespaceFiles, procfs: transaction.procfs) {
            () throws(RuntimeError) in
            let clone = try explainingClone(plan.namespaces) { () throws(SystemError) in
                try cloneInit(context, on: stack, cgroup: cgroupDirectory?.rawValue)
            }
            switch consume clone {
            case .child: Init.main(context)
            case .parent(let pid, let handle): try transaction.adopt(ContainerProcess(pid: pid, handle: handle))
            }
        }
        // This closes our copy of Init's end of the conversation. As long as it's open, Init's death brings no end of file.
        DescriptorClosing.gatherAll()
        withExtendedLifetime((consume context, consume theirs, consume startSocket, consume cgroupDirectory)) {}
        DescriptorClosing.closeGathered()
        DescriptorClosing.gatherReferences()
        return Conversation(ours, as: .host, plan.script)
    }

    private func cloneInit(_ context: InitContext, on stack: ProcessStack, cgroup: Int32?) throws(SystemError) -> CloneResult {
        while true {
            do throws(SystemError) {
                return try stack.clone(
                    plan.namespaces.cloneFlags, cgroup: cgroup, Unmanaged.passUnretained(context).toOpaque()
                ) { Init.main(Unmanaged<InitContext>.fromOpaque($0).takeUnretainedValue()) }
            } catch  where error.errno == .EAGAIN && transaction.moveAhead != nil {
                // That process is perhaps the last one that the caller's limits allow.
                transaction.moveAhead = nil
            }
        }
    }

    /// Has systemd make the container's unit around Init, which meanwhile goes on up to where it needs its cgroup.
    private func place(_ conversation: Conversation) throws(RuntimeError) {
        guard transaction.unit != nil else { return }
        do throws(RuntimeError) {
            try transaction.makeUnit(around: transaction.record.pid)
        } catch {
            // systemd finds no process if Init has failed meanwhile. Then Init's error is the reason.
            if process?.handle.hasEnded() == true { _ = try hear(conversation) }
            throw error
        }
        guard let cgroup = transaction.cgroup else { return }
        let tasks = try cgroup.openTasks(withUnified: true)
        try tell(.placed(cgroup.record), descriptors: tasks.descriptors, conversation)
        withExtendedLifetime(tasks) {}
    }

    private func mapIDs(_ conversation: Conversation) throws(RuntimeError) {
        step(.mapIDs)
        try IDMaps(pid: transaction.record.pid, uids: plan.idMappings.uids, gids: plan.idMappings.gids).write(transaction.procfs)
        // Now, because Init's files in /proc still belong to the caller. After `mapped` Init makes itself undumpable, which
        // gives them to root.
        try plan.process?.spec.setOOMScore(of: ByteString(decimal: transaction.record.pid), transaction.procfs)
        try tell(.mapped, conversation)
    }

    private func tell(_ message: Message, descriptors: [Int32] = [], _ conversation: Conversation) throws(RuntimeError) {
        do throws(RuntimeError) {
            try conversation.say(message, descriptors: descriptors)
        } catch  where error.errno == .EPIPE || error.errno == .ECONNRESET {
            // Init has ended, perhaps with a word.
            _ = try hear(conversation)
            throw death()
        }
    }

    /// Answers Init's messages until Init is ready.
    private func converse(_ conversation: Conversation) throws(RuntimeError) {
        if plan.namespaces.origin(of: .user) == .new {
            if plan.namespaces.isStaged { _ = try hear(conversation) }
            try mapIDs(conversation)
        }
        if plan.waitsForHost {
            _ = try hear(conversation)
            if plan.namespaces.origin(of: .pid) == .new { try adoptSuccessor() }
            try transaction.moveNetworkDevices()
            try transaction.runEarlyHooks()
            try tell(.equipped, conversation)
        }
        let descriptors = try hear(conversation, within: .usual(with: plan.hooks.createContainer))
        try adoptSuccessor()
        if plan.process?.spec.terminal == true { process?.terminal = try Terminal.controller(among: descriptors) }
    }

    private func hear(_ conversation: Conversation, within patience: Patience = .usual) throws(RuntimeError) -> [SharedDescriptor]
    {
        do throws(RuntimeError) {
            if let heard = try conversation.hear(within: patience) { return heard.descriptors }
        } catch {
            // Whatever went wrong, the successor is our child and has to be reaped.
            try adoptSuccessor(isRequired: false)
            throw error
        }
        try adoptSuccessor(isRequired: false)
        throw death()
    }

    /// Makes Init's successor the container's first process, and reaps Init.
    private func adoptSuccessor(isRequired: Bool = true) throws(RuntimeError) {
        guard let succession, !hasSuccessor else { return }
        guard succession.pid > 0 else {
            guard isRequired else { return }
            throw RuntimeError(.initDied, "container init spoke before it was in its pid namespace")
        }
        let former = process
        // The successor is our child, so its pid isn't reused before we reap it.
        let successor = try ContainerProcess(child: succession.pid)
        try transaction.adopt(successor)
        hasSuccessor = true
        former?.handle.end()
    }

    /// Sets the limits that also apply to Init, hands the terminal over, writes the record, tells the caller the pid and
    /// releases Init.
    private func finish(_ conversation: Conversation) throws(RuntimeError) {
        try transaction.limitLate()
        if let process = plan.process?.spec {
            try ProcessLimits(pid: transaction.record.pid, process: process).apply(transaction.procfs)
        }
        step(.handOverTerminal)
        if let terminal = process?.terminal { try console.handOver(terminal) }
        try transaction.writeCreated()
        if let process {
            try plan.announcement.make(of: process)
        }
        if let user = plan.process?.spec.user, process?.terminal == nil {
            GivenStreams.give(
                to: user.uid, of: transaction.record.pid, inUserNamespace: plan.namespaces.has(.user), transaction.procfs)
        }
        step(.release)
        try tell(.created, conversation)
        // Once Init has closed its end of the conversation, it no longer dies with us.
        _ = try conversation.hear()
    }

    /// The error for an Init that ended without sending one.
    private func death() -> RuntimeError {
        let place = "in step \"" + currentStep() + "\""
        guard let process, process.handle.waitForEnd(milliseconds: 10_000), let status = try? process.handle.wait() else {
            return RuntimeError(.initDied, "container init died " + place)
        }
        process.isReaped = true
        if let shortage = currentShortage() { return RuntimeError(.initDied, "container init died: " + shortage + " " + place) }
        switch status {
        case .killed(let signal):
            if signal == Signal.kill, transaction.cgroup?.hasOOMKill() == true {
                return RuntimeError(
                    .initDied, "container init was OOM-killed (memory limit too low?)", pointer: "/linux/resources/memory/limit")
            }
            return RuntimeError(.initDied, "container init died of signal " + String(signal) + " " + place)
        case .exited(let code):
            return RuntimeError(.initDied, "container init ended with status " + String(code) + " " + place)
        }
    }
}
