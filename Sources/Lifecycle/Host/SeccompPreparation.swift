import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// The seccomp filter that a configuration asks for, taken from the cache or compiled now; nil if the configuration has none.
///
/// All state roots of a user share one cache, which lies beside the default root: `/run/wherry.cache`. Inside a state root it
/// would lie among the containers, and engines that use a root for each of their namespaces would fill one cache for each.
func seccompProgram(for config: Config, _ log: Log) throws(RuntimeError) -> SeccompProgram? {
    guard let profile = config.linux.seccomp else { return nil }
    step(.compileSeccompFilter)
    let program: SeccompProgram
    do throws(RuntimeError) {
        let cache = try StateRoot.make(try stateRoot(chosen: nil) + ".cache")
        program = try SeccompFilter.program(for: profile, stateRoot: cache.descriptor)
    } catch  where error.code == .system || error.code == .usage {
        // There's no safe place for a cache, so the filter is compiled each time.
        program = try SeccompFilter.program(for: profile)
    }
    try program.requireExecution()
    for name in program.warnings { log.debug("/linux/seccomp: " + name.displayText) }
    return program
}

extension SeccompProgram {
    /// Refuses a filter under which no program can be executed.
    func requireExecution() throws(RuntimeError) {
        guard !refuses(SystemCallNumber.execve) else {
            throw RuntimeError(
                .seccomp, "the filter permits no program to be executed: it refuses execve", pointer: "/linux/seccomp",
                hint: "allow execve, and what the program calls")
        }
    }
}
