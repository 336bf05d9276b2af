import Bytes
import Errors
import Linux

/// Gives the process the container's own session keyring, session-keyring(7). Without one, the container would share the
/// caller's keys.
func joinSessionKeyring(of id: ByteString) throws(RuntimeError) {
    step(.joinSessionKeyring)
    do throws(SystemError) {
        try OwnProcess.joinSessionKeyring("_ses." + id)
    } catch  where error.errno == .ENOSYS {
        // A kernel without keyrings has no keys to share.
    } catch {
        throw RuntimeError(.process, "a session keyring can't be made", error, hint: "--no-new-keyring keeps the caller's")
    }
}

/// Gives the process the session keyring while its user is still the caller's, before it becomes root of the user namespace.
///
/// This matters if the caller is the host's root: a mapped user's quota is 200 keyrings for all its containers together.
///
/// - Returns: false if the quota of the caller's user is used up. Then the root of the user namespace may have a quota of its
///   own.
func joinSessionKeyringEarly(of id: ByteString) throws(RuntimeError) -> Bool {
    do throws(RuntimeError) {
        try joinSessionKeyring(of: id)
        return true
    } catch  where error.errno == .EDQUOT {
        return false
    }
}
