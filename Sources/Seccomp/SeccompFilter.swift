public import Errors
public import Linux
public import OCI
import Bytes

/// Makes a program that the kernel can load from the profile of a configuration. See config-linux.md, "Seccomp".
public enum SeccompFilter {
    /// Compiles the profile.
    ///
    /// - Parameter profile: the profile.
    /// - Returns: the program.
    /// - Throws: `unsupported` with the JSON pointer of a property that wherry or the kernel can't provide.
    public static func program(for profile: Seccomp) throws(RuntimeError) -> SeccompProgram {
        let (flags, needsListener) = try check(profile)
        let filter = try SeccompCompiler.compile(profile)
        return SeccompProgram(
            instructions: filter.instructions, flags: flags, needsListener: needsListener, warnings: filter.warnings)
    }

    /// Takes the program from the cache, or compiles the profile and adds the program to the cache.
    ///
    /// The cache is the directory "seccomp" in `stateRoot`, which is made if it doesn't exist. If the cache can't be written or
    /// isn't private to our user, the profile is compiled each time, with a warning.
    ///
    /// - Parameters:
    ///   - profile: the profile.
    ///   - stateRoot: the directory that contains the cache.
    /// - Returns: the program.
    /// - Throws: `unsupported` with the JSON pointer of a property that wherry or the kernel can't provide.
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

    /// Checks the listener and the flags, which don't influence the program's instructions and so aren't in the cache.
    private static func check(_ profile: Seccomp) throws(RuntimeError) -> (flags: SystemCallFilter.Flags, needsListener: Bool) {
        let needsListener = SeccompListener.isNeeded(by: profile)
        if needsListener { try SeccompListener.check(profile) }
        return (try SeccompFlags.value(for: profile, needsListener: needsListener), needsListener)
    }
}
