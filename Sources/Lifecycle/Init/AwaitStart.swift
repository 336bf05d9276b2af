import Bytes
import CLinux
import Errors
import Linux
import OCI

extension Init {
    /// Sleeps until `start` comes, then becomes the program.
    consuming func waitForStart() -> Never {
        step("wait for start")
        while true {
            let connection: FileDescriptor
            do throws(SystemError) {
                connection = try inheritance.startSocket.with { (socket) throws(SystemError) in try socket.accept() }
            } catch {
                _exit(1)
            }
            let starter = Handshake(SharedDescriptor(connection))
            do throws(RuntimeError) {
                try start(starter)
            } catch {
                try? starter.send(.failed(error.during(currentStep())))
                _exit(1)
            }
        }
    }

    private func start(_ starter: borrowing Handshake) throws(RuntimeError) {
        guard let execution else {
            throw RuntimeError(.invalidConfig, "missing: a container can't be started without it", pointer: "/process")
        }
        guard let image else {
            step("startContainer hooks")
            try HookRunner.run(
                plan.config.hooks.startContainer, kind: .startContainer,
                state: ContainerState.forHook(plan, pid: getpid(), status: .created))
            step("find program")
            // Anew: the hooks may have changed what there is.
            let program = try ProgramLookup(execution.process).find()
            return try execution.execute(try makeImage(execution, program), starter)
        }
        try execution.execute(image, starter)
    }

    /// nil for a container that is made without a process.
    var execution: ProcessExecution? {
        plan.config.process.map {
            ProcessExecution(
                process: $0, capabilities: plan.capabilities, personality: plan.config.linux.personality,
                filter: inheritance.seccomp, preservedDescriptors: plan.preservedDescriptors,
                isInUserNamespace: plan.namespaces.has(.user))
        }
    }

    /// Makes ready what `start` executes, and gives up what nothing more is done by: others may be in the pid namespace, a joined one, or
    /// by exec, while we wait.
    func makeImage(_ execution: ProcessExecution, _ program: ByteString) throws(RuntimeError) -> ProcessExecution.Image {
        let environment = Environment.entries(for: execution.process, listenDescriptors: plan.listenDescriptors)
        try execution.setIOPriority()
        return ProcessExecution.Image(
            program: program, environment: environment, filter: try execution.reducePrivileges(before: [(SYS_accept4, [])]))
    }
}
