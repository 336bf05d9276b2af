import Bytes
import Errors
import Linux

/// A session keyring of the container's own: without it the container shares the caller's keys.
func joinSessionKeyring(of id: ByteString) throws(RuntimeError) {
    step(.joinSessionKeyring)
    do throws(SystemError) {
        try OwnProcess.joinSessionKeyring("_ses." + id)
    } catch  where error.errno == .ENOSYS {
        // A kernel without keyrings has none to share.
    } catch {
        throw RuntimeError(.process, "a session keyring can't be made", error, hint: "--no-new-keyring keeps the caller's")
    }
}

/// The same before the user namespace is entered, while this is the host's root: the quota of a mapped user, 200 keyrings, is that of all
/// its containers together.
///
/// - Returns: false where our own user's quota is used up: an ordinary user's mapped root may have one of its own.
func joinSessionKeyringEarly(of id: ByteString) throws(RuntimeError) -> Bool {
    do throws(RuntimeError) {
        try joinSessionKeyring(of: id)
        return true
    } catch  where error.errno == .EDQUOT {
        return false
    }
}
