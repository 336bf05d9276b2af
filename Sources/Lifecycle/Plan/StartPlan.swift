import Bytes
import OCI

/// What `start` does besides waiting for the container's first process to become its program.
struct StartPlan: Sendable {
    let program: ProgramStart
    let poststart: [Hook]

    /// Plans the start of a container: nil if it was made without a process.
    init?(_ config: Config) {
        guard let process = config.process else { return nil }
        program = ProgramStart(
            name: process.args.first ?? "", listener: ListenerPlan(config.linux.seccomp),
            patience: .usual(with: config.hooks.startContainer))
        poststart = config.hooks.poststart
    }

    /// Plans the start of a program that needs nothing else of the configuration: see `Plan.plainProgram`.
    init(program name: ByteString) {
        program = ProgramStart(name: name, listener: nil, patience: .usual)
        poststart = []
    }
}

extension Plan {
    /// The program's name, if that is all that `start` needs to know: no agent gets the filter's listener, and no hook runs.
    /// nil otherwise.
    var plainProgram: ByteString? {
        guard let process, process.listener == nil, hooks.startContainer.isEmpty, hooks.poststart.isEmpty else { return nil }
        return process.spec.args.first ?? ""
    }
}

/// What Host needs to know to wait until a process has become its program.
struct ProgramStart: Sendable {
    /// The program's name as config.json has it.
    let name: ByteString
    let listener: ListenerPlan?
    /// How long to wait for the first message.
    let patience: Patience
}
