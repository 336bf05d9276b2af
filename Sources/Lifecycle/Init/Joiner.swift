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
/// container's pid namespace (CVE-2016-9962).
///
/// The first runs in Host's own memory while Host waits for its end (`cloneInMemory`): so until the second is born, nothing here changes
/// what Host has, be it an object or a global variable. What the first opens and closes is its own.
struct Joiner: ~Copyable {
    /// What Host hands over.
    final class Start {
        let plan: JoiningPlan
        /// Our end of the conversation: a number, since Host closes its own by itself.
        let socket: Int32
        let initProcess: SharedDescriptor
        let tasks: CgroupTasks?

        init(plan: JoiningPlan, socket: Int32, initProcess: SharedDescriptor, tasks: CgroupTasks?) {
            self.plan = plan
            self.socket = socket
            self.initProcess = initProcess
            self.tasks = tasks
        }
    }

    private let plan: JoiningPlan
    private let handshake: Handshake

    private init(_ start: Start) {
        plan = start.plan
        handshake = Handshake(SharedDescriptor(FileDescriptor(adopting: start.socket)))
    }

    /// Never returns: the process ends in execve, or with the error told to Host.
    static func main(_ start: Start) -> Never {
        let joiner = Joiner(start)
        do throws(RuntimeError) {
            try joiner.join(start.initProcess, start.tasks)
            try joiner.becomeProgram()
        } catch {
            try? joiner.handshake.send(.failed(error.during(currentStep())))
        }
        _exit(255)
    }

    private func join(_ initProcess: SharedDescriptor, _ tasks: CgroupTasks?) throws(RuntimeError) {
        step("isolate")
        c_signals_reset()
        c_trap_install(255)
        _ = umask(0)
        try dieWithHost(handshake)
        let first = 3 + Int32(plan.execution.preservedDescriptors)
        try closeDescriptors(
            from: first, but: [handshake.rawValue, initProcess.rawValue] + plan.descriptors + (tasks?.descriptors ?? []))
        step("enter cgroups")
        try tasks?.enter()
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
        try enter(initProcess)
        try closeDescriptors(from: first, but: [handshake.rawValue])
        // In a child, born with the container's root into its pid namespace.
        try continueInSuccessor(0, handshake)
    }

    private func enter(_ initProcess: SharedDescriptor) throws(RuntimeError) {
        try explaining(.namespace, "the container's namespaces can't be joined") { () throws(SystemError) in
            if plan.namespaces != 0 {
                try initProcess.with { (initProcess) throws(SystemError) in try initProcess.enterNamespace(plan.namespaces) }
            }
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
    }

    private func becomeProgram() throws(RuntimeError) {
        if plan.hasOwnKeyring { try joinSessionKeyring(of: plan.id) }
        plan.affinity.applyFinal()
        let root = try explaining(.process, "the container's root can't be opened") { () throws(SystemError) in
            RootedDirectory(adopting: try FileDescriptor.open("/", flags: O_PATH | O_DIRECTORY))
        }
        step("find program")
        _ = try ProgramLookup(plan.execution.process).find()
        if plan.execution.process.terminal {
            try openTerminal(root)
        } else {
            try StandardStreams.replaceHostNull(root)
            try handshake.tell(.ready)
        }
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
