public import Errors
public import Linux
public import OCI
import Bytes

/// From the configuration's profile to a program that can be loaded. See config-linux.md, "Seccomp".
public enum SeccompFilter {
    /// Translates the profile. Throws what the profile asks for and can't have, with its place in the configuration.
    public static func program(for profile: Seccomp) throws(RuntimeError) -> SeccompProgram {
        let (flags, needsListener) = try check(profile)
        let filter = try SeccompCompiler.compile(profile)
        return SeccompProgram(
            instructions: filter.instructions, flags: flags, needsListener: needsListener, warnings: filter.warnings)
    }

    /// Takes the program from the cache, or translates the profile and keeps the program there. Throws what the profile asks for and
    /// can't have, with its place in the configuration.
    ///
    /// The cache is the directory "seccomp" in `stateRoot`, and is made if it isn't there. That it can't be written, or holds what
    /// isn't ours, costs time and a warning.
    public static func program(for profile: Seccomp, stateRoot: borrowing FileDescriptor) throws(RuntimeError) -> SeccompProgram {
        let (flags, needsListener) = try check(profile)
        let encoding = ProfileEncoding(profile)
        var warnings: [ByteString] = []
        let filter: SeccompCompiler.Output
        if let known = FilterCache.filter(for: encoding, root: stateRoot) {
            filter = known
        } else {
            filter = try SeccompCompiler.compile(profile)
            do throws(SystemError) {
                try FilterCache.keep(filter, for: encoding, root: stateRoot)
            } catch {
                warnings.append(ByteString("the seccomp filter isn't cached: " + error.call + ": " + error.text))
            }
        }
        return SeccompProgram(
            instructions: filter.instructions, flags: flags, needsListener: needsListener, warnings: filter.warnings + warnings)
    }

    /// What must hold before the profile is translated, and doesn't show in the program.
    private static func check(_ profile: Seccomp) throws(RuntimeError) -> (flags: SystemCallFilter.Flags, needsListener: Bool) {
        let needsListener = SeccompListener.isNeeded(by: profile)
        if needsListener { try SeccompListener.check(profile) }
        return (try SeccompFlags.value(for: profile, needsListener: needsListener), needsListener)
    }
}
