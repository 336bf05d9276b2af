import Bytes
import CLinux
import Errors

/// A session keyring of the container's own: without it the container shares the caller's keys.
func joinSessionKeyring(of id: ByteString) throws(RuntimeError) {
    step("join session keyring")
    let result = ("_ses." + id).withCString { c_keyctl(KEYCTL_JOIN_SESSION_KEYRING, UInt(bitPattern: $0), 0, 0) }
    // A kernel without keyrings has none to share.
    guard result >= 0 || c_errno() == ENOSYS else {
        throw RuntimeError(
            .process, "a session keyring can't be made", .last("keyctl"), hint: "--no-new-keyring keeps the caller's")
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
    } catch  where error.errno == EDQUOT {
        return false
    }
}
