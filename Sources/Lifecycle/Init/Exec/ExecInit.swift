import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Resctrl
import Seccomp

/// The two processes that `exec` makes in a container.
///
/// The first process joins the container's namespaces (the pid namespace for its children only, setns(2)) and takes the
/// container's root. Then it clones the second process, which is born in the pid namespace and becomes the program. No process
/// with the host's root, or with a descriptor of the host's, may be visible in that pid namespace (CVE-2016-9962). So the first
/// process does everything that can be done before the second one is visible there.
///
/// The first process may run in Host's memory (CLONE_VM) while Host waits for it to end. So until it has cloned the second
/// process, it must not change any object or global variable of Host's, except the report. Its descriptors are its own, and it
/// may open and close them. The second process has none of Host's memory, because other processes in the container may read the
/// memory that it has: that is only what was prepared for it (PreparedProcess).
struct ExecInit: ~Copyable {
    /// The data that Host hands to the first process, and the report that Host gets back.
    final class Start {
        /// The first process's report to Host. It's in memory that the second process doesn't have, so nothing in the container
        /// can trick Host into tracking the wrong process.
        struct Report {
            /// The pid of the second process, which is a child of Host's: 0 until it's cloned.
            var second: Int32 = 0
            /// Whether the second process has to find the program. It says `ready` when it has.
            var leavesSearch = false
        }

        let plan: ExecPlan
        /// The processes' end of the conversation: a plain number, because Host's own copy of it has an owner in Host.
        let socket: Int32
        let initProcess: SharedDescriptor
        let tasks: CgroupTasks?
        let resctrl: ResctrlTasks?
        /// Whether the first process shares all of Host's memory, or only the report.
        let sharesMemory: Bool
        let stack: ProcessStack
        let report: UnsafeMutablePointer<Report>

        init(
            plan: ExecPlan, socket: Int32, initProcess: SharedDescriptor, tasks: CgroupTasks?, resctrl: ResctrlTasks?,
            sharesMemory: Bool
        )
            throws(SystemError)
        {
            stack = try ProcessStack()
            self.plan = plan
            self.socket = socket
            self.initProcess = initProcess
            self.tasks = tasks
            self.resctrl = resctrl
            self.sharesMemory = sharesMemory
            if sharesMemory {
                report = .allocate(capacity: 1)
            } else {
                let page = try SharedMemory.map(MemoryLayout<Report>.size)
                report = page.bindMemory(to: Report.self, capacity: 1)
            }
            report.initialize(to: Report())
        }

        deinit { if sharesMemory { report.deallocate() } else { SharedMemory.unmap(report, MemoryLayout<Report>.size) } }

        /// Keeps the report from the second process. A report in Host's own memory is withheld with that memory
        /// (`ProcessStack.withholdMemory`).
        func hideReport() throws(SystemError) {
            if !sharesMemory { try SharedMemory.withhold(report, MemoryLayout<Report>.size) }
        }
    }

    private let start: Start
    private let conversation: Conversation

    private var plan: ExecPlan { start.plan }

    private init(_ start: Start) {
        self.start = start
        conversation = Conversation(
            SharedDescriptor(FileDescriptor(adopting: start.socket)), as: .process,
            .joining(hasTerminal: start.plan.process.spec.terminal))
    }

    /// Runs the first process, which exits when it has cloned the second one, or tells Host the error and exits.
    static func main(_ start: Start) -> Never {
        let joiner = ExecInit(start)
        do throws(RuntimeError) {
            try joiner.isolate()
            try joiner.enterCgroups()
            try joiner.enterNamespaces()
            try joiner.makeSecond(try joiner.prepare())
            OwnProcess.exit(0)
        } catch {
            joiner.conversation.fail(error.during(currentStep()))
        }
        OwnProcess.exit(255)
    }

    private func closeAll(but kept: [Int32]) throws(RuntimeError) {
        try closeDescriptors(from: 3 + Int32(plan.process.preservedDescriptors), but: [conversation.rawValue] + kept)
    }

    private func isolate() throws(RuntimeError) {
        step(.isolate)
        if !start.sharesMemory {
            try explaining(.system, "the program's file can't be unmapped", SealedProgram.dropHostPart())
        }
        OwnProcess.setUmask(0)
        // In a session of its own, this process can't be stopped from Host's terminal, and so doesn't keep Host waiting.
        OwnProcess.startSession()
        try dieWithHost(conversation)
        try closeAll(
            but: [start.initProcess.rawValue] + (plan.root.map { [$0.rawValue] } ?? []) + (start.tasks?.descriptors ?? [])
                + (start.resctrl?.descriptors ?? []))
    }

    private func enterCgroups() throws(RuntimeError) {
        step(.enterCgroups)
        try start.tasks?.enter()
        guard let resctrl = start.resctrl else { return }
        step(.enterResctrlGroup)
        try resctrl.enter()
    }

    private func enterNamespaces() throws(RuntimeError) {
        try setOwnAttributes()
        step(.enterNamespaces)
        try explaining(.system, "the process can't be made undumpable", OwnProcess.setDumpable(false))
        try explaining(.namespace, "the container's namespaces can't be joined") { () throws(SystemError) in
            guard !plan.namespaces.isEmpty else { return }
            try start.initProcess.file.enterNamespace(plan.namespaces)
        }
        let hasKeyring = plan.joinsKeyring ? try joinSessionKeyringEarly(of: plan.id) : true
        try explaining(.namespace, "the container's root can't be entered") { () throws(SystemError) in
            if let root = plan.root { try OwnProcess.changeRoot(to: root.file) }
            if plan.joins(.user) { try Credentials.becomeMappedRoot() }
            try OwnProcess.changeDirectory(to: "/")
        }
        if !hasKeyring { try joinSessionKeyring(of: plan.id) }
        try dieWithHost(conversation)
        try closeAll(but: [])
    }

    /// Sets the labels, and the OOM score if wherry isn't root, while the host's procfs can be reached. The second process
    /// inherits them. Once that process is undumpable, only root could set its score from outside (`setOOMScore`).
    private func setOwnAttributes() throws(RuntimeError) {
        let process = plan.process.spec
        let setsOOMScore = process.oomScoreAdj != nil && Credentials.effectiveUser != 0
        guard process.apparmorProfile != nil || process.selinuxLabel != nil || setsOOMScore else { return }
        let procfs = try explaining(.system, "the process has no procfs to set its attributes by", ProcFileSystem.forHost())
        try Labels.set(for: process, by: procfs)
        if setsOOMScore { try process.setOOMScore(of: ByteString(decimal: OwnProcess.pid), procfs) }
    }

    private func root() throws(RuntimeError) -> RootedDirectory {
        try explaining(
            .process, "the container's root can't be opened",
            RootedDirectory(adopting: try FileDescriptor.open("/", flags: [.path, .directory])))
    }

    /// Does what can be done before the second process is visible in the container, and collects the data that the second
    /// process needs.
    private func prepare() throws(RuntimeError) -> (process: PreparedProcess, stack: ProcessStack) {
        let execution = ProcessExecution(plan: plan.process)
        let environment = Environment.entries(for: execution.plan.spec, listenDescriptors: 0)
        plan.affinity.applyFinal()
        var terminal: (controller: Int32, peer: Int32)?
        if execution.plan.spec.terminal {
            terminal = (-1, try openTerminal(try root()))
        } else {
            try StandardStreams.replaceHostNull(try root(), isInUserNamespace: execution.plan.isInUserNamespace)
        }
        let program = try findProgram()
        start.report.pointee.leavesSearch = program == nil
        let entersDirectoryLate = !execution.enterWorkingDirectory()
        try execution.setInherited()
        let stack = try explaining(.system, "no memory for the process", ProcessStack())
        ProcessStack.beginAllocation()
        let prepared = PreparedProcess(
            socket: conversation.rawValue, startSocket: nil, terminal: terminal, execution: execution, program: program,
            environment: environment, hooks: nil, entersDirectoryLate: entersDirectoryLate, preparedOn: nil)
        try explaining(.system, "what the process reports, and the caller's memory, can't be kept from the next process") {
            () throws(SystemError) in
            try start.hideReport()
            try start.stack.withholdMemory()
        }
        if try execution.reducePrivileges(before: [(SystemCallNumber.clone, [ProcessStack.siblingFlags])]) {
            prepared.filter = nil
        }
        return (prepared, stack)
    }

    /// - Returns: nil if the second process has to find the program.
    private func findProgram() throws(RuntimeError) -> ByteString? {
        do throws(RuntimeError) {
            return try ProcessExecution(plan: plan.process).findProgram()
        } catch {
            // Below /proc/self, or by a link to it, a process outside the pid namespace finds nothing: so the second process
            // searches again. EACCES is final, because this process still has all its capabilities.
            guard plan.joins(.pid), error.errno != .EACCES else { throw error }
            return nil
        }
    }

    private func makeSecond(_ prepared: (process: PreparedProcess, stack: ProcessStack)) throws(RuntimeError) {
        step(.clone)
        try explaining(.namespace, "a process in the pid namespace can't be made") { () throws(SystemError) in
            try withUnsafeMutablePointer(to: &start.report.pointee.second) { (number) throws(SystemError) in
                try prepared.stack.cloneSibling(number: number, prepared.process.context) { PreparedProcess.beSecond($0) }
            }
        }
    }

    /// Opens a pseudoterminal on the container's devpts, and sends its controller to Host.
    ///
    /// - Returns: The peer, which is the program's side.
    private func openTerminal(_ root: borrowing RootedDirectory) throws(RuntimeError) -> Int32 {
        step(.openTerminal)
        let terminal = try explaining(
            .terminal, "a terminal can't be opened", hint: "is a devpts mounted on the container's /dev/pts?",
            plan.process.openTerminal(devpts: try root.open("/dev/pts", flags: [.path, .directory])))
        try conversation.say(.terminal, descriptors: [terminal.controller.rawValue])
        return try explaining(.terminal, "the terminal can't be kept", terminal.peer.duplicate().release())
    }
}
