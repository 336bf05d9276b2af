import Bytes
import OCI

/// What `start` does besides waiting for the container's first process to become its program.
struct StartPlan: Sendable {
    let program: ProgramStart
    let poststart: [Hook]

    /// nil for a container that was made without a process.
    init?(_ config: Config) {
        guard let process = config.process else { return nil }
        program = ProgramStart(
            name: process.args.first ?? "", listener: ListenerPlan(config.linux.seccomp),
            patience: .usual(with: config.hooks.startContainer))
        poststart = config.hooks.poststart
    }
}

/// What whoever waits for a process to become its program has to know.
struct ProgramStart: Sendable {
    /// As config.json names it.
    let name: ByteString
    let listener: ListenerPlan?
    let patience: Patience
}
