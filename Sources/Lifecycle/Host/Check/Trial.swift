import Bytes
import Errors
import Linux
import OCI

/// Tries what `create` has Init do, on a process that ends at once: new namespaces, id mappings, mounts, labels, the search for
/// the program. The code is Init's own.
///
/// Nothing gets out: the process has a mount namespace of its own, in which the root and all sources of bind mounts are
/// read-only, so that no mount point is made on the host. Kernel parameters and names are set only if no namespace is joined. No
/// other process sees this one: it doesn't enter a joined pid namespace, and runs no program.
enum Trial {
    /// How the process ends if it couldn't try everything.
    private static let incomplete: Int32 = 2

    /// Tries a plan.
    ///
    /// - Returns: false if not everything could be tried without a change to the host.
    /// - Throws: The error with which `create` would end.
    static func run(_ plan: Plan, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> Bool {
        // Host would enter these first, which is more than a trial should do.
        guard plan.namespaces.joinedByHost.isEmpty else { return false }
        let isMapped = plan.namespaces.origin(of: .user) == .new
        let script = Script.create(
            isPlaced: false, asksForMapping: isMapped && plan.namespaces.isStaged, isMapped: isMapped, waitsForHost: false)
        let (process, socket) = try launch(plan, script, procfs)
        defer { if !process.isReaped { process.handle.end() } }
        let conversation = Conversation(socket, as: .host, script)
        if isMapped {
            if plan.namespaces.isStaged { try hear(conversation) }
            try IDMaps(pid: process.pid, uids: plan.idMappings.uids, gids: plan.idMappings.gids).write(procfs)
            try plan.process?.spec.setOOMScore(of: ByteString(decimal: process.pid), procfs)
            try conversation.say(.mapped)
        }
        try hear(conversation)
        if let spec = plan.process?.spec { try ProcessLimits(pid: process.pid, process: spec).apply(procfs) }
        try conversation.say(.created)
        let end = try explaining(.system, "the trial's process can't be waited for", process.handle.wait())
        process.isReaped = true
        return end == .exited(0)
    }

    private static func hear(_ conversation: Conversation) throws(RuntimeError) {
        guard try conversation.hear() != nil else { throw RuntimeError(.initDied, "the trial's process died") }
    }

    /// Clones the process. On return only it has its end of the conversation.
    private static func launch(_ plan: Plan, _ script: Script, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> (
        ContainerProcess, SharedDescriptor
    ) {
        let (ours, theirs) = try explaining(.system, "no socket for the trial's process", FileDescriptor.messagePair())
        var mappings = try MappedMounts.namespaces(plan, procfs)
        let sources = try MountSources.openedByHost(plan, &mappings, procfs)
        let stack = try explaining(.system, "no memory for the trial's process", ProcessStack())
        let context = InitContext(
            plan: plan, socket: theirs, startSocket: theirs, sources: sources, mappings: mappings, journal: nil, resctrl: nil,
            place: nil, succession: nil, stack: stack, procfs: procfs.root.rawValue)
        let clone = try explainingClone(plan.namespaces) { () throws(SystemError) in try cloneProcess(plan.namespaces.cloneFlags)
        }
        switch consume clone {
        case .child: main(context, script)
        case .parent(let pid, let handle): return (ContainerProcess(pid: pid, handle: handle), ours)
        }
    }

    private static func main(_ context: InitContext, _ script: Script) -> Never {
        traceSteps(to: nil)
        var process = Init(context, script)
        do throws(RuntimeError) {
            let isWhole = try process.rehearse()
            try process.conversation.say(.ready)
            // Host sets limits of this process meanwhile.
            _ = try process.conversation.hear(within: .endless)
            OwnProcess.exit(isWhole ? 0 : incomplete)
        } catch {
            process.conversation.fail(process.explained(error.during(currentStep())))
        }
        OwnProcess.exit(1)
    }
}
