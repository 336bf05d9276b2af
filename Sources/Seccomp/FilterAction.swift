import Bytes
import Errors
import Linux
import OCI

/// The answer of a filter: `SECCOMP_RET_*` and its data.
struct FilterAction: Equatable {
    let value: UInt32

    static let noSuchCall = FilterAction(.errno, errnoRet: UInt32(Errno.ENOSYS.rawValue))
    static let kill = FilterAction(.killThread, errnoRet: nil)

    init(value: UInt32) { self.value = value }

    /// Makes the answer for an action of the profile.
    ///
    /// - Parameters:
    ///   - action: the action.
    ///   - errnoRet: the error number, or for `SCMP_ACT_TRACE` the message for the tracer. nil stands for EPERM. The decoder
    ///     refuses numbers that don't fit into 16 bits.
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

    /// The action as config.json names it, and for an error number its number and sentence.
    var text: ByteString {
        let data = value & FilterAnswer.data
        let action: Seccomp.Action
        switch value & FilterAnswer.action {
        case FilterAnswer.killProcess: action = .killProcess
        case FilterAnswer.trap: action = .trap
        case FilterAnswer.errno: action = .errno
        case FilterAnswer.trace: action = .trace
        case FilterAnswer.allow: action = .allow
        case FilterAnswer.log: action = .log
        case FilterAnswer.notify: action = .notify
        default: action = .killThread
        }
        let name = SpecificationNames.name(of: action)
        guard action == .errno else { return name }
        let sentence = SystemError.text(of: Errno(rawValue: Int32(data)))
        return name + " " + ByteString(decimal: data) + " (" + ByteString(sentence) + ")"
    }

    /// Whether the kernel makes the call.
    var permits: Bool { value == FilterAnswer.allow || value == FilterAnswer.log }

    /// Whether the kernel doesn't make the call, and asks neither a tracer nor an agent.
    var refuses: Bool {
        switch value & FilterAnswer.action {
        case FilterAnswer.allow, FilterAnswer.log, FilterAnswer.trace, FilterAnswer.notify: false
        default: true
        }
    }
}
