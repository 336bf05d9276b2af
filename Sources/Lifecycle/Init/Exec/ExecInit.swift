import Bytes
import Cgroups
import Errors
import Linux
import OCI
import Seccomp

/// The processes that `exec` brings into a container.
///
/// The first joins the namespaces, all but the pid namespace, which takes only those born into it; so it has the container's root when
/// it clones the second one. No process that still has the host's root, or a descriptor of the host's, is ever to be seen in the
/// container's pid namespace (CVE-2016-9962). And what can be done before a process is seen there is done by the first.
///
/// The first may run in Host's own memory while Host waits for its end: so until the second is born, nothing here changes what Host has,
/// be it an object or a global variable. What the first opens and closes is its own. The second has none of that memory, which others in
/// the container may read: it has what was prepared for it (PreparedProcess).
struct ExecInit: ~Copyable {
    /// What Host hands over, and gets back.
    final class Start {
        /// What the first process tells Host, in memory that both have and the second doesn't: nothing in the container has a say in
        /// whom Host takes for the container's process.
        struct Report {
            /// The second process, a child of Host's; 0 as long as there's none.
            var second: Int32 = 0
            /// The second has still to find the program, and says when it has.
            var leavesSearch = false
        }

        let plan: ExecPlan
        /// Our end of the conversation: a number, since Host closes its own by itself.
        let socket: Int32
        let initProcess: SharedDescriptor
        let tasks: CgroupTasks?
        /// Whether the first has all of Host's memory, or else but the report.
        let sharesMemory: Bool
        let stack: ProcessStack
        let report: UnsafeMutablePointer<Report>

        init(plan: ExecPlan, socket: Int32, initProcess: SharedDescriptor, tasks: CgroupTasks?, sharesMemory: Bool)
            throws(SystemError)
        {
            stack = try ProcessStack()
            self.plan = plan
            self.socket = socket
            self.initProcess = initProcess
            self.tasks = tasks
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

        /// Keeps the report from the next process. Of all other memory that gets a copy.
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

    /// Never returns: the process leaves its place to the second, or ends with the error told to Host.
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
        OwnProcess.setUmask(0)
        // Out of reach of whoever types at Host's terminal: a stop would stop Host, too, which could do nothing about it.
        OwnProcess.startSession()
        try dieWithHost(conversation)
        try closeAll(
            but: [start.initProcess.rawValue] + (plan.root.map { [$0.rawValue] } ?? []) + (start.tasks?.descriptors ?? []))
    }

    private func enterCgroups() throws(RuntimeError) {
        step(.enterCgroups)
        try start.tasks?.enter()
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
            if plan.joins(.user) {
                do throws(SystemError) {
                    try Credentials.setGroup(0)
                    try Credentials.setUser(0)
                } catch  where error.errno == .EINVAL {
                    // A user namespace without a root: all is done with the capabilities alone.
                }
            }
            try OwnProcess.changeDirectory(to: "/")
        }
        if !hasKeyring { try joinSessionKeyring(of: plan.id) }
        try dieWithHost(conversation)
        try closeAll(but: [])
    }

    /// What a process sets in its own files, while the host's procfs can be reached. It passes to the process that is cloned.
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

    /// Does what is better done before another process is seen in the container, and puts together what that one has to know.
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
        try execution.setIOPriority()
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

    /// - Returns: nil where the second process has to find it.
    private func findProgram() throws(RuntimeError) -> ByteString? {
        do throws(RuntimeError) {
            return try ProcessExecution(plan: plan.process).findProgram()
        } catch {
            // /proc/self, and what leads there, isn't there for a process that isn't in the pid namespace. But what it may not execute
            // with all rights is no program.
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

    /// Sends Host the controller.
    ///
    /// - Returns: the side of the program.
    private func openTerminal(_ root: borrowing RootedDirectory) throws(RuntimeError) -> Int32 {
        step(.openTerminal)
        let process = plan.process.spec
        let terminal = try explaining(
            .terminal, "a terminal can't be opened", hint: "is a devpts mounted on the container's /dev/pts?"
        ) {
            () throws(SystemError) in
            let terminal = try Terminal.open(devpts: try root.open("/dev/pts", flags: [.path, .directory]))
            if let size = process.consoleSize { try terminal.setSize(rows: size.height, columns: size.width) }
            try? terminal.peer.setOwner(user: process.user.uid)
            return terminal
        }
        try conversation.say(.terminal, descriptors: [terminal.controller.rawValue])
        return try explaining(.terminal, "the terminal can't be kept", terminal.peer.duplicate().release())
    }
}
