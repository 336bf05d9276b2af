import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// The last part of a conversation, in which a process of ours becomes the program, at `start` or `exec`.
///
/// Another process in the container's pid namespace may have taken our process's end of the socket. So the script of the
/// conversation accepts each message only when it's due, and descriptors that come with a message are checked.
struct ExecutionMonitor {
    /// The process's name in error messages, such as "container init".
    let subject: String
    let pid: Int32
    let program: ProgramStart
    /// The container's state, which the agent of a filter that notifies gets together with the listener.
    let state: ContainerState

    /// Waits until the process has become the program.
    ///
    /// - Parameters:
    ///   - process: A pidfd of the process.
    ///   - conversation: The conversation with the process.
    ///   - procfs: The host's procfs.
    /// - Throws: An error if the program doesn't run.
    func complete(_ process: SharedDescriptor, _ conversation: Conversation, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        guard let executing = try conversation.hear(within: program.patience) else {
            throw RuntimeError(.initDied, subject + " died before it ran the program, in step \"" + currentStep() + "\"")
        }
        while let heard = try conversation.hear() {
            if case .listenerAt(let number) = heard.message {
                try handOver(try take(number, from: process), procfs)
            } else {
                try handOver(heard.descriptors.first, procfs)
            }
            try conversation.say(.listening)
        }
        if let errno = executing.descriptors.first.flatMap({ LastWord.left(in: $0) }) {
            throw ProcessExecution.failure(of: program.name, errno: errno)
        }
        StepTrace.noteExecution()
    }

    /// Takes the listener out of the process with pidfd_getfd(2), since the filter forbids the process to send it. The
    /// descriptor exists as soon as the filter is loaded; until then the call fails with EBADF.
    private func take(_ number: Int32, from process: SharedDescriptor) throws(RuntimeError) -> SharedDescriptor {
        let deadline = Deadline(milliseconds: 10_000)
        while true {
            do throws(SystemError) {
                return SharedDescriptor(try process.file.descriptor(number))
            } catch  where error.errno == .EBADF && !deadline.isOver {
                Clock.sleep(milliseconds: 1)
            } catch {
                throw RuntimeError(
                    .seccomp, "the filter's listener can't be taken from the process", error,
                    pointer: "/linux/seccomp/listenerPath",
                    hint: "root may take it; for other users the filter has to allow sendmsg")
            }
        }
    }

    /// Sends a filter's listener to the agent that the configuration names. Source: config-linux.md, "The Container Process
    /// State".
    private func handOver(_ listener: SharedDescriptor?, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let agent = program.listener, let path = agent.path, let listener,
            try isListener(listener, procfs)
        else {
            throw RuntimeError(
                .seccomp, "what the container's process handed over is no listener of a seccomp filter",
                pointer: "/linux/seccomp/listenerPath")
        }
        let agentState = ContainerProcessState(
            ociVersion: state.ociVersion, pid: pid, metadata: agent.metadata, state: state.hookJSON)
        try SeccompListener.send(listener.file, to: path, agentState)
    }

    private func isListener(_ descriptor: SharedDescriptor, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) -> Bool {
        try explaining(.system, "a descriptor of the container's process can't be looked at") { () throws(SystemError) in
            try procfs.target(of: try procfs.own() + "/fd/" + ByteString(decimal: descriptor.rawValue))
                == ("anon_inode:seccomp notify" as StaticString)
        }
    }
}

extension Terminal {
    /// The terminal's controller that came with a message.
    ///
    /// - Parameter descriptors: The descriptors of the message.
    /// - Returns: The first of them.
    /// - Throws: An error if it isn't the controller of a terminal.
    static func controller(among descriptors: [SharedDescriptor]) throws(RuntimeError) -> SharedDescriptor {
        guard let descriptor = descriptors.first, isController(descriptor.file) else {
            throw RuntimeError(
                .terminal, "what the container's process handed over is no terminal", pointer: "/process/terminal",
                hint: "another process in its pid namespace may have taken its place")
        }
        return descriptor
    }
}
