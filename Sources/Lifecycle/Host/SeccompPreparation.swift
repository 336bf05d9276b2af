import Bytes
import Errors
import Linux
import OCI
import Seccomp

/// The filter that a configuration asks for, from the cache or compiled now.
///
/// The cache is one for all state roots of a user, beside the default one: `/run/wherry.cache`. In a state root itself it would stand
/// among the containers, and engines that make a root for each of their namespaces would each begin anew.
func seccompProgram(for config: Config, _ log: Log) throws(RuntimeError) -> SeccompProgram? {
    guard let profile = config.linux.seccomp else { return nil }
    step(.compileSeccompFilter)
    let program: SeccompProgram
    do throws(RuntimeError) {
        let cache = try StateRoot.make(try stateRoot(chosen: nil) + ".cache")
        program = try SeccompFilter.program(for: profile, stateRoot: cache.descriptor)
    } catch  where error.code == .system || error.code == .usage {
        // No place for a cache that is ours alone: the work is done each time.
        program = try SeccompFilter.program(for: profile)
    }
    guard !program.refuses(SystemCallNumber.execve) else {
        throw RuntimeError(
            .seccomp, "the filter permits no program to be executed: it refuses execve", pointer: "/linux/seccomp",
            hint: "allow execve, and what the program calls")
    }
    for name in program.warnings { log.debug("/linux/seccomp: " + name.displayText) }
    return program
}
