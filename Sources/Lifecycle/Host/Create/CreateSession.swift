import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// A container being created: the conversation with the process that becomes its first.
final class CreateSession {
    private let transaction: ContainerTransaction
    private let console: ConsoleSocket
    private let succession: Succession?
    /// Whether the process that comes after Init is known.
    private var hasSuccessor = false

    private var plan: Plan { transaction.plan }
    /// The container's first process, and its terminal if it has one.
    var process: ContainerProcess? { transaction.process }

    /// Reads the bundle and decides everything. Nothing is made yet but the state directory's entry, which decides between two creates
    /// of one id.
    static func begin(_ options: CreateOptions, detached: Bool, _ settings: GlobalSettings) throws(RuntimeError) -> CreateSession
    {
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

    /// Does it all; on failure nothing is left.
    func execute() throws(RuntimeError) {
        try transaction.attempt { () throws(RuntimeError) in
            try transaction.makeCgroup()
            let conversation = try launch()
            try converse(conversation)
            try finish(conversation)
        }
    }

    /// Clones Init. From here on it dies with us.
    private func launch() throws(RuntimeError) -> Conversation {
        step(.clone)
        let (ours, theirs) = try explaining(.system, "no socket for the container's first process", FileDescriptor.messagePair())
        let startSocket = try explaining(
            .system, "the start socket can't be made",
            SharedDescriptor(try .listen(name: ContainerDirectory.startSocketName, in: transaction.directory.descriptor)))
        var mappings = try MappedMounts.namespaces(plan, transaction.procfs)
        let sources = try openSources(&mappings)
        let stack = try explaining(.system, "no memory for the container's first process", ProcessStack())
        let context = InitContext(
            plan: plan, socket: theirs, startSocket: startSocket, sources: sources,
            mappings: mappings,
            journal: plan.namespaces.has(.mount) ? nil : try MountJournal.make(in: transaction.directory.descriptor),
            cgroupTasks: try transaction.cgroup?.openTasks(), cgroupView: plan.cgroupView(transaction.cgroup),
            succession: succession, stack: stack)
        let cgroupDirectory = try transaction.cgroup?.sharedDirectoryForClone()
        Trap.shareStep()
        try NamespaceFiles.visiting(plan.namespaces.joinedByHost, plan.namespaceFiles, procfs: transaction.procfs) {
            () throws(RuntimeError) in
            let clone = try explaining(
                .namespace, "the container's namespaces can't be made", pointer: "/linux/namespaces",
                hint: "are namespaces of these kinds allowed here, and are there fewer than /proc/sys/user/max_*_namespaces?"
            ) { () throws(SystemError) in
                try stack.clone(
                    plan.namespaces.cloneFlags, cgroup: cgroupDirectory?.rawValue,
                    Unmanaged.passUnretained(context).toOpaque()
                ) { Init.main(Unmanaged<InitContext>.fromOpaque($0).takeUnretainedValue()) }
            }
            switch consume clone {
            case .child: Init.main(context)
            case .parent(let pid, let handle): try transaction.adopt(ContainerProcess(pid: pid, handle: handle))
            }
        }
        // Our copy of its end of the conversation is closed with it: else there would be no end of file.
        withExtendedLifetime(consume context) {}
        let conversation = Conversation(ours, as: .host, plan.script)
        if plan.namespaces.origin(of: .user) == .new, !plan.namespaces.isStaged { try mapIDs(conversation) }
        return conversation
    }

    /// Opens what Init can't: in a user namespace the container's root may have no way to what the host's root can open, and no right to
    /// map ids of what belongs to the host.
    private func openSources(_ mappings: inout SortedMap<SharedDescriptor>) throws(RuntimeError) -> MountSources? {
        guard Credentials.effectiveUser == 0, plan.namespaces.origin(of: .mount) == .new, plan.namespaces.has(.user) else {
            return nil
        }
        var sources: MountSources
        do throws(RuntimeError) {
            sources = try MountSources.open(plan, copiesAtOnce: true)
            mappings = try sources.map(by: mappings, plan.rootfs.mounts)
        } catch  where error.errno == .EPERM && mappings.isEmpty && transaction.procfs.isInUserNamespace() {
            // Root of a user namespace, in a mount namespace that belongs to another: there Host has no more rights than Init.
            return nil
        }
        // A user namespace may mount proc only for a pid namespace of its own.
        for entry in plan.rootfs.mounts where plan.namespaces.origin(of: .pid) != .new {
            guard case .fileSystem(let type) = entry.kind, type == "proc" else { continue }
            if let joined = plan.namespaceFiles.file(of: .pid) {
                sources.fileSystems[entry.index] = try ForeignProc.mount(entry, of: joined)
            } else {
                sources.fileSystems[entry.index] = try FileSystems.make(type, entry)
            }
        }
        return sources
    }

    private func mapIDs(_ conversation: Conversation) throws(RuntimeError) {
        step(.mapIDs)
        try IDMaps(pid: transaction.record.pid, uids: plan.idMappings.uids, gids: plan.idMappings.gids).write(transaction.procfs)
        // While the process's files are the caller's: it waits for this, and may not be traced from there on.
        try plan.process?.spec.setOOMScore(of: ByteString(decimal: transaction.record.pid), transaction.procfs)
        try tell(.mapped, conversation)
    }

    private func tell(_ message: Message, _ conversation: Conversation) throws(RuntimeError) {
        do throws(RuntimeError) {
            try conversation.say(message)
        } catch  where error.errno == .EPIPE || error.errno == .ECONNRESET {
            throw death()
        }
    }

    /// Answers Init until it's ready.
    private func converse(_ conversation: Conversation) throws(RuntimeError) {
        if plan.namespaces.origin(of: .user) == .new, plan.namespaces.isStaged {
            _ = try hear(conversation)
            try mapIDs(conversation)
        }
        if plan.hasEarlyHooks {
            _ = try hear(conversation)
            if plan.namespaces.origin(of: .pid) == .new { try adoptSuccessor() }
            try transaction.runEarlyHooks()
            try tell(.hooked, conversation)
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
            // Ours to reap, whatever went wrong.
            try adoptSuccessor(isRequired: false)
            throw error
        }
        try adoptSuccessor(isRequired: false)
        throw death()
    }

    /// Takes the process that Init left its place to for the container's first.
    private func adoptSuccessor(isRequired: Bool = true) throws(RuntimeError) {
        guard let succession, !hasSuccessor else { return }
        guard succession.pid > 0 else {
            guard isRequired else { return }
            throw RuntimeError(.initDied, "container init spoke before it was in its pid namespace")
        }
        let former = process
        // A child of ours: nobody else gets its number before we have reaped it.
        let successor = try ContainerProcess(child: succession.pid)
        try transaction.adopt(successor)
        hasSuccessor = true
        former?.handle.end()
    }

    /// What binds Init too comes last; then all is written down, and Init is let go.
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
        // The end of the conversation: Init no longer dies with us.
        _ = try conversation.hear()
    }

    /// Why Init ended without a word.
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
