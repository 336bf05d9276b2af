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
        guard let process = plan.config.process else {
            throw RuntimeError(.invalidConfig, "missing: a container can't be started without it", pointer: "/process")
        }
        step("startContainer hooks")
        try HookRunner.run(
            plan.config.hooks.startContainer, kind: .startContainer,
            state: ContainerState.forHook(plan, pid: getpid(), status: .created))
        let execution = ProcessExecution(
            process: process, capabilities: plan.capabilities, personality: plan.config.linux.personality,
            filter: inheritance.seccomp, preservedDescriptors: plan.preservedDescriptors,
            isInUserNamespace: plan.namespaces.has(.user))
        step("find program")
        let image = ProcessExecution.Image(
            program: try ProgramLookup(process).find(),
            environment: Environment.entries(for: process, listenDescriptors: plan.listenDescriptors),
            filter: inheritance.seccomp)
        StandardStreams.give(to: process.user)
        try execution.setIOPriority()
        try execution.limitBounding()
        try execution.execute(image, starter)
    }
}
