public import Bytes
public import Errors
import OCI
public import Seccomp

/// Says what the filter of a bundle's seccomp profile answers to a system call, and why.
///
/// - Parameters:
///   - bundle: The bundle's folder.
///   - name: The name of the call.
///   - arguments: As many of its first arguments as are known.
/// - Returns: An explanation for each way to make the call, on each architecture of the profile.
/// - Throws: `invalidConfig`, or `usage` if there is no such call or no profile.
public func explainCall(_ bundle: ByteString, _ name: ByteString, _ arguments: [UInt64]) throws(RuntimeError)
    -> [CallExplanation]
{
    let bundle = try Bundle.open(bundle)
    guard let profile = try Config(parsing: bundle.configText).linux.seccomp else {
        throw RuntimeError(
            .usage, "the bundle has no seccomp profile, so nothing is refused", pointer: "/linux/seccomp", path: bundle.path)
    }
    return try CallExplanation.all(of: name, arguments, in: profile, try SeccompFilter.program(for: profile))
}
