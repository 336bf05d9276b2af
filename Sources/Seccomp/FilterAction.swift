import CLinux
import Errors
import OCI

/// What a filter answers: `SECCOMP_RET_*` with its data, the number that libseccomp, too, knows it by.
struct FilterAction: Equatable {
    /// A larger error number would come out as this one (seccomp(2), SECCOMP_RET_ERRNO).
    private static let largestErrno: UInt32 = 4095

    let value: UInt32

    static let noSuchCall = FilterAction(value: UInt32(SECCOMP_RET_ERRNO) | UInt32(ENOSYS))

    private init(value: UInt32) { self.value = value }

    /// `errnoRet` is the error number, or for `SCMP_ACT_TRACE` the message that the tracer gets: EPERM where the profile is silent.
    /// `pointer` is its place, for the error where the action takes none or it's out of range.
    init(_ action: Seccomp.Action, errnoRet: UInt32?, pointer: @autoclosure () -> String) throws(RuntimeError) {
        switch action {
        case .errno:
            let number = errnoRet ?? UInt32(EPERM)
            guard number <= Self.largestErrno else {
                throw RuntimeError(.invalidConfig, "\(Int(number)) isn't an error number: they end at 4095", pointer: pointer())
            }
            value = UInt32(SECCOMP_RET_ERRNO) | number
            return
        case .trace:
            let message = errnoRet ?? UInt32(EPERM)
            guard message <= UInt32(SECCOMP_RET_DATA) else {
                throw RuntimeError(.invalidConfig, "\(Int(message)) doesn't fit into the tracer's 16 bits", pointer: pointer())
            }
            value = UInt32(SECCOMP_RET_TRACE) | message
            return
        case .kill, .killThread: value = UInt32(SECCOMP_RET_KILL_THREAD)
        case .killProcess: value = UInt32(SECCOMP_RET_KILL_PROCESS)
        case .trap: value = UInt32(SECCOMP_RET_TRAP)
        case .allow: value = UInt32(SECCOMP_RET_ALLOW)
        case .log: value = UInt32(SECCOMP_RET_LOG)
        case .notify: value = UInt32(SECCOMP_RET_USER_NOTIF)
        }
        guard errnoRet == nil else {
            throw RuntimeError(
                .invalidConfig, "this action takes no error number: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do", pointer: pointer()
            )
        }
    }
}
