import Bytes
import Cgroups
import CLinux
import Errors
import Linux
import OCI

/// The processes that `exec` brings into a container.
///
/// The first joins the namespaces, all but the pid namespace, which takes only those born into it; so it has the container's root when
/// it clones the second one. No process that still has the host's root, or a descriptor of the host's, is ever to be seen in the
/// container's pid namespace (CVE-2016-9962). And what can be done before a process is seen there is done by the first.
///
/// The first runs in Host's own memory while Host waits for its end (`cloneInMemory`): so until the second is born, nothing here changes
/// what Host has, be it an object or a global variable. What the first opens and closes is its own.
struct Joiner: ~Copyable {
    /// What Host hands over, and gets back.
    final class Start {
        let plan: JoiningPlan
        /// Our end of the conversation: a number, since Host closes its own by itself.
        let socket: Int32
        let initProcess: SharedDescriptor
        let tasks: CgroupTasks?
        /// The second process, a child of Host's; 0 as long as there's none. In memory that the first shares and the second doesn't:
        /// what is in the container has no say in whom Host takes for it.
        let second: UnsafeMutablePointer<Int32>

        init(plan: JoiningPlan, socket: Int32, initProcess: SharedDescriptor, tasks: CgroupTasks?) {
            self.plan = plan
            self.socket = socket
            self.initProcess = initProcess
            self.tasks = tasks
            second = .allocate(capacity: 1)
            second.initialize(to: 0)
        }

        deinit { second.deallocate() }
    }

    private let start: Start
    private let handshake: Handshake

    private var plan: JoiningPlan { start.plan }

    private init(_ start: Start) {
        self.start = start
        handshake = Handshake(SharedDescriptor(FileDescriptor(adopting: start.socket)))
    }

    /// Never returns: the process ends in execve, or with the error told to Host.
    static func main(_ start: Start) -> Never {
        let joiner = Joiner(start)
        do throws(RuntimeError) {
            try joiner.isolate()
            try joiner.enterCgroups()
            try joiner.enterNamespaces()
            try joiner.prepare()
            if try !joiner.makeSecond() { _exit(0) }
            try joiner.becomeProgram()
        } catch {
            try? joiner.handshake.send(.failed(error.during(currentStep())))
        }
        _exit(255)
    }

    private var joinsTime: Bool { plan.namespaces & c_new_time != 0 }

    private func closeAll(but kept: [Int32]) throws(RuntimeError) {
        try closeDescriptors(from: 3 + Int32(plan.execution.preservedDescriptors), but: [handshake.rawValue] + kept)
    }

    private func isolate() throws(RuntimeError) {
        step("isolate")
        c_signals_reset()
        c_trap_install(255)
        _ = umask(0)
        try dieWithHost(handshake)
        try closeAll(but: [start.initProcess.rawValue] + plan.descriptors + (start.tasks?.descriptors ?? []))
    }

    private func enterCgroups() throws(RuntimeError) {
        step("enter cgroups")
        try start.tasks?.enter()
    }

    private func enterNamespaces() throws(RuntimeError) {
        let process = plan.execution.process
        if process.apparmorProfile != nil || process.selinuxLabel != nil {
            // While the host's procfs can be reached; the label passes to the process that is cloned.
            let procfs = try explaining(.system, "the process has no procfs to set its label by") { () throws(SystemError) in
                try ProcFileSystem.forHost()
            }
            try Labels.set(for: process, by: procfs)
        }
        step("enter namespaces")
        guard c_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 else {
            throw RuntimeError(.system, "the process can't be made undumpable", .last("prctl"))
        }
        // Who shares memory may not change its time namespace: that's left to the second.
        try enter(plan.namespaces & ~c_new_time)
        try explaining(.namespace, "the container's root can't be entered") { () throws(SystemError) in
            if let root = plan.root {
                guard fchdir(root.rawValue) == 0, chroot(".") == 0 else { throw .last("chroot") }
            }
            if plan.namespaces & c_new_user != 0 {
                do throws(SystemError) {
                    try Credentials.setGroup(0)
                    try Credentials.setUser(0)
                } catch  where error.errno == EINVAL {
                    // A user namespace without a root: all is done with the capabilities alone.
                }
            }
            guard chdir("/") == 0 else { throw .last("chdir") }
        }
        try dieWithHost(handshake)
        try closeAll(but: joinsTime ? [start.initProcess.rawValue] : [])
    }

    private func enter(_ namespaces: UInt64) throws(RuntimeError) {
        guard namespaces != 0 else { return }
        try explaining(.namespace, "the container's namespaces can't be joined") { () throws(SystemError) in
            try start.initProcess.with { (initProcess) throws(SystemError) in try initProcess.enterNamespace(namespaces) }
        }
    }

    private func root() throws(RuntimeError) -> RootedDirectory {
        try explaining(.process, "the container's root can't be opened") { () throws(SystemError) in
            RootedDirectory(adopting: try FileDescriptor.open("/", flags: O_PATH | O_DIRECTORY))
        }
    }

    private func prepare() throws(RuntimeError) {
        if plan.hasOwnKeyring { try joinSessionKeyring(of: plan.id) }
        plan.affinity.applyFinal()
        step("find program")
        _ = try ProgramLookup(plan.execution.process).find()
        if !plan.execution.process.terminal { try StandardStreams.replaceHostNull(try root()) }
    }

    /// - Returns: whether this is the second process.
    private func makeSecond() throws(RuntimeError) -> Bool {
        step("clone")
        return try explaining(.namespace, "a process in the pid namespace can't be made") { () throws(SystemError) in
            try cloneSibling(number: start.second)
        }
    }

    private func becomeProgram() throws(RuntimeError) {
        _ = setsid()
        try dieWithHost(handshake)
        if joinsTime {
            step("enter time namespace")
            try enter(c_new_time)
            try closeAll(but: [])
        }
        if plan.execution.process.terminal { try openTerminal(try root()) }
        guard case .created? = try handshake.receive()?.message else { _exit(255) }
        try outliveHost()
        try plan.execution.execute(handshake)
    }

    private func openTerminal(_ root: borrowing RootedDirectory) throws(RuntimeError) {
        step("open terminal")
        let process = plan.execution.process
        let terminal = try explaining(
            .terminal, "a terminal can't be opened", hint: "is a devpts mounted on the container's /dev/pts?"
        ) {
            () throws(SystemError) in
            let terminal = try Terminal.open(devpts: try root.open("/dev/pts", flags: O_PATH | O_DIRECTORY))
            if let size = process.consoleSize { try terminal.setSize(rows: size.height, columns: size.width) }
            _ = fchown(terminal.peer.rawValue, process.user.uid, .max)
            return terminal
        }
        try handshake.tell(.ready, descriptors: [terminal.controller.rawValue])
        try StandardStreams.become(terminal.peer)
    }
}
