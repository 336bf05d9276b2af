import CLinux
import OCI

/// What a filter answers: `SECCOMP_RET_*` with its data.
struct FilterAction: Equatable {
    let value: UInt32

    static let noSuchCall = FilterAction(.errno, errnoRet: UInt32(ENOSYS))
    static let kill = FilterAction(.killThread, errnoRet: nil)

    init(value: UInt32) { self.value = value }

    /// `errnoRet` is the error number, or for `SCMP_ACT_TRACE` the message that the tracer gets: EPERM where the profile is silent.
    /// The decoder has refused what doesn't fit into the 16 bits there are.
    init(_ action: Seccomp.Action, errnoRet: UInt32?) {
        let data = (errnoRet ?? UInt32(EPERM)) & UInt32(SECCOMP_RET_DATA)
        switch action {
        case .kill, .killThread: value = UInt32(SECCOMP_RET_KILL_THREAD)
        case .killProcess: value = UInt32(SECCOMP_RET_KILL_PROCESS)
        case .trap: value = UInt32(SECCOMP_RET_TRAP)
        case .errno: value = UInt32(SECCOMP_RET_ERRNO) | data
        case .trace: value = UInt32(SECCOMP_RET_TRACE) | data
        case .allow: value = UInt32(SECCOMP_RET_ALLOW)
        case .log: value = UInt32(SECCOMP_RET_LOG)
        case .notify: value = UInt32(SECCOMP_RET_USER_NOTIF)
        }
    }

    /// The kernel does the call.
    var permits: Bool { value == UInt32(SECCOMP_RET_ALLOW) || value == UInt32(SECCOMP_RET_LOG) }

    /// The kernel doesn't do the call, and nobody is asked.
    var refuses: Bool {
        switch value & UInt32(SECCOMP_RET_ACTION_FULL) {
        case UInt32(SECCOMP_RET_ALLOW), UInt32(SECCOMP_RET_LOG), UInt32(SECCOMP_RET_TRACE), UInt32(SECCOMP_RET_USER_NOTIF): false
        default: true
        }
    }
}
