import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// A process of ours in the container that only has to execute the container's program, and waits for the message to do so.
///
/// Another process in its pid namespace can read its memory if it has CAP_SYS_PTRACE and isn't in a user namespace of its own.
/// So the memory holds only the properties of this class and what the code needs to run: no command line or environment of the
/// caller's, no configuration, no host paths. That's why every property is a copy, made after `ProcessStack.beginAllocation`.
final class PreparedProcess {
    /// The startContainer hooks, which run first at `start`, with all capabilities.
    struct Hooks {
        let list: [Hook]
        /// The state that the hooks read. Its pid is filled in when they run: only this process knows its own pid in its
        /// namespace.
        var state: ContainerState
    }

    /// Our end of the conversation with Host.
    private let socket: Int32
    /// Listens for `start`: only the container's first process has one.
    private let startSocket: Int32?
    private let terminal: (controller: Int32, peer: Int32)?
    /// nil for a container that is made without a process.
    let execution: ProcessExecution?
    /// nil if this process still has to find the program.
    private var program: ByteString?
    private let environment: [ByteString]
    private let hooks: Hooks?
    /// The seccomp filter, if it still has to be loaded.
    var filter: SeccompProgram?
    /// Whether only the container's user may be able to enter the working directory.
    private let entersDirectoryLate: Bool
    /// The stack on which this process prepared itself, to be unmapped. nil if another process prepared this one.
    private let preparedOn: ProcessStack?

    init(
        socket: Int32, startSocket: Int32?, terminal: (controller: Int32, peer: Int32)?, execution: ProcessExecution?,
        program: ByteString?, environment: [ByteString], hooks: Hooks?, entersDirectoryLate: Bool, preparedOn: ProcessStack?
    ) {
        self.socket = socket
        self.startSocket = startSocket
        self.terminal = terminal
        self.execution = execution?.copied()
        self.program = program?.copied()
        self.environment = environment.copied()
        self.hooks = hooks?.copied()
        filter = self.execution?.plan.filter
        self.entersDirectoryLate = entersDirectoryLate
        self.preparedOn = preparedOn
    }

    /// A reference to this object, never released, for the functions of ProcessStack.
    var context: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    private static func from(_ context: UnsafeMutableRawPointer) -> PreparedProcess {
        Unmanaged<PreparedProcess>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: The container's first process

    /// Runs the container's first process, which waits for `start` and then becomes the program.
    static func beFirst(_ context: UnsafeMutableRawPointer) -> Never {
        let prepared = from(context)
        if prepared.preparedOn == nil { ProcessStack.forgetWithheldMemory() }
        let conversation = prepared.conversation(.readiness)
        do throws(RuntimeError) {
            try prepared.settle(conversation)
            try prepared.awaitCreated(conversation)
        } catch {
            conversation.fail(error.during(currentStep()))
            OwnProcess.exit(1)
        }
        prepared.waitForStart()
    }

    private func conversation(_ script: Script) -> Conversation {
        Conversation(SharedDescriptor(FileDescriptor(adopting: socket)), as: .process, script)
    }

    /// Whether the filter that is still to be loaded has a listener.
    private var notifies: Bool { execution?.plan.filter?.needsListener == true }

    /// Drops the caller's memory. A process that another one prepared has none of it: it starts a session and has the kernel
    /// kill it when Host ends. Finds the program if only this process can.
    private func settle(_ conversation: Conversation) throws(RuntimeError) {
        step(.leaveCallersMemory)
        if let preparedOn {
            try explaining(.system, "what the caller left in memory can't be given up", preparedOn.dropMemory())
        } else {
            OwnProcess.startSession()
            try dieWithHost(conversation)
        }
        if program == nil, hooks == nil, let execution { program = try execution.findProgram(seesAll: false) }
    }

    /// Tells Host that the container is ready, and waits until Host has written the record.
    private func awaitCreated(_ conversation: Conversation) throws(RuntimeError) {
        step(.ready)
        do throws(RuntimeError) {
            try conversation.say(.ready, descriptors: terminal.map { [$0.controller] } ?? [])
        } catch {
            // Host has ended: no one is left to report to.
            OwnProcess.exit(1)
        }
        if let terminal { try StandardStreams.become(FileDescriptor(adopting: terminal.peer)) }
        guard try conversation.hear(within: .endless) != nil else { OwnProcess.exit(1) }
        Signal.letEndTheFirstProcess()
        try outliveHost()
        // This ends the conversation. Host waits for that, and from then on its own end no longer ends this process.
        try closeDescriptors(from: firstOfOurs, but: startSocket.map { [$0] } ?? [])
    }

    private var firstOfOurs: Int32 { 3 + Int32(execution?.plan.preservedDescriptors ?? 0) }

    /// Sleeps until `start` comes, then becomes the program.
    private func waitForStart() -> Never {
        step(.waitForStart)
        let socket = FileDescriptor(adopting: startSocket ?? -1)
        while true {
            let connection: FileDescriptor
            do throws(SystemError) {
                connection = try socket.accept()
            } catch {
                OwnProcess.exit(1)
            }
            let starter = Conversation(SharedDescriptor(connection), as: .process, .start(notifies: notifies))
            do throws(RuntimeError) {
                try start(starter)
            } catch {
                starter.fail(error.during(currentStep()))
                OwnProcess.exit(1)
            }
        }
    }

    private func start(_ starter: Conversation) throws(RuntimeError) {
        guard let execution else {
            throw RuntimeError(.invalidConfig, "missing: a container can't be started without it", pointer: "/process")
        }
        if let hooks {
            step(.startContainerHooks)
            var state = hooks.state
            state.pid = OwnProcess.pid
            try HookRunner.run(hooks.list, kind: .startContainer, state: state)
            // The program is searched for again: the hooks may have changed the container's files.
            program = try execution.findProgram()
            let isInside = execution.enterWorkingDirectory()
            if try execution.reducePrivileges(before: []) { filter = nil }
            try execute(execution, starter, entersDirectoryLate: !isInside)
        } else {
            try execute(execution, starter, entersDirectoryLate: entersDirectoryLate)
        }
    }

    // MARK: The process of an exec

    /// Runs exec's second process, which becomes the program.
    static func beSecond(_ context: UnsafeMutableRawPointer) -> Never {
        let prepared = from(context)
        ProcessStack.forgetWithheldMemory()
        let conversation = prepared.conversation(
            .exec(leavesSearch: prepared.program == nil, notifies: prepared.notifies))
        do throws(RuntimeError) {
            try prepared.becomeSecond(conversation)
        } catch {
            conversation.fail(error.during(currentStep()))
        }
        OwnProcess.exit(255)
    }

    private func becomeSecond(_ conversation: Conversation) throws(RuntimeError) {
        guard let execution else { return }
        step(.isolate)
        Signal.resetIgnored()
        Trap.renew(exitStatus: 255)
        OwnProcess.startSession()
        try dieWithHost(conversation)
        if let terminal { try StandardStreams.become(FileDescriptor(adopting: terminal.peer)) }
        if program == nil {
            program = try execution.findProgram(seesAll: false)
            try conversation.say(.ready)
        }
        guard try conversation.hear(within: .endless) != nil else { OwnProcess.exit(255) }
        try outliveHost()
        try execute(execution, conversation, entersDirectoryLate: entersDirectoryLate)
    }

    // MARK: The program

    private func execute(_ execution: ProcessExecution, _ starter: Conversation, entersDirectoryLate: Bool)
        throws(RuntimeError)
    {
        guard let program else { throw RuntimeError(.program, "no program was found", pointer: "/process/args/0") }
        try execution.execute(
            program, environment: environment, filter: filter, entersDirectoryLate: entersDirectoryLate, starter)
    }
}

// MARK: - Copies that share no memory with the original

extension ByteString {
    fileprivate func copied() -> ByteString { ByteString(bytes.copied()) }
}

extension [UInt8] {
    fileprivate func copied() -> [UInt8] { withUnsafeBytes { Array($0) } }
}

extension [ByteString] {
    fileprivate func copied() -> [ByteString] { map { $0.copied() } }
}

extension PreparedProcess.Hooks {
    fileprivate func copied() -> Self {
        Self(
            list: list.map {
                Hook(path: $0.path.copied(), args: $0.args.copied(), env: $0.env?.copied(), timeout: $0.timeout)
            },
            state: ContainerState(
                ociVersion: state.ociVersion.copied(), id: state.id.copied(), pid: 0, status: state.status,
                bundle: state.bundle.copied(), rootfs: "", created: "",
                annotations: state.annotations.map { Annotation(key: $0.key.copied(), value: $0.value.copied()) }, owner: ""))
    }
}

extension ProcessExecution {
    fileprivate func copied() -> ProcessExecution { ProcessExecution(plan: plan.copied()) }
}

extension ProcessPlan {
    fileprivate func copied() -> ProcessPlan {
        ProcessPlan(
            spec: spec.copied(), capabilities: capabilities, personality: personality, memoryPolicy: nil,
            filter: filter?.copied(), listener: nil,
            preservedDescriptors: preservedDescriptors, listenDescriptors: listenDescriptors,
            isInUserNamespace: isInUserNamespace, keepsGroups: keepsGroups)
    }
}

extension Process {
    /// A copy of the properties that the last steps need.
    fileprivate func copied() -> Process {
        var copy = self
        copy.cwd = cwd.copied()
        copy.env = env.copied()
        copy.args = args.copied()
        copy.user.additionalGids = user.additionalGids.map { $0 }
        copy.rlimits = rlimits.map { $0 }
        copy.capabilities = nil
        copy.apparmorProfile = nil
        copy.selinuxLabel = nil
        copy.execCPUAffinity = nil
        return copy
    }
}
