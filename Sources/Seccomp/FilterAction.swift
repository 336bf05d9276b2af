import Errors
import Linux
import OCI

/// What a filter answers: `SECCOMP_RET_*` with its data.
struct FilterAction: Equatable {
    let value: UInt32

    static let noSuchCall = FilterAction(.errno, errnoRet: UInt32(Errno.ENOSYS.rawValue))
    static let kill = FilterAction(.killThread, errnoRet: nil)

    init(value: UInt32) { self.value = value }

    /// `errnoRet` is the error number, or for `SCMP_ACT_TRACE` the message that the tracer gets: EPERM where the profile is silent.
    /// The decoder has refused what doesn't fit into the 16 bits there are.
    init(_ action: Seccomp.Action, errnoRet: UInt32?) {
        let data = (errnoRet ?? UInt32(Errno.EPERM.rawValue)) & FilterAnswer.data
        switch action {
        case .kill, .killThread: value = FilterAnswer.killThread
        case .killProcess: value = FilterAnswer.killProcess
        case .trap: value = FilterAnswer.trap
        case .errno: value = FilterAnswer.errno | data
        case .trace: value = FilterAnswer.trace | data
        case .allow: value = FilterAnswer.allow
        case .log: value = FilterAnswer.log
        case .notify: value = FilterAnswer.notify
        }
    }

    /// The kernel does the call.
    var permits: Bool { value == FilterAnswer.allow || value == FilterAnswer.log }

    /// The kernel doesn't do the call, and nobody is asked.
    var refuses: Bool {
        switch value & FilterAnswer.action {
        case FilterAnswer.allow, FilterAnswer.log, FilterAnswer.trace, FilterAnswer.notify: false
        default: true
        }
    }
}
