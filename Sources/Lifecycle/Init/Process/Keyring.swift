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
