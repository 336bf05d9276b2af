import Errors
import Linux

// The parent death signal: the processes that become the container's die with Host, until Host releases them.

/// Has the kernel kill this process when Host ends: `PR_SET_PDEATHSIG`, prctl(2).
///
/// The kernel clears this setting in the child of each clone, and on changes of credentials, so it has to be renewed then.
@inline(never)
func dieWithHost(_ conversation: Conversation) throws(RuntimeError) {
    try explaining(.system, "the parent's death can't be tied to ours", OwnProcess.setParentDeathSignal(Signal.kill))
    // Host may have died before this call. Then its end of the conversation is closed.
    var request = PollRequest(conversation.rawValue, [])
    if request.wait(milliseconds: 0), request.answer.contains(.hangUp) { OwnProcess.exit(1) }
}

/// Turns `dieWithHost` off: from here on this process outlives Host.
func outliveHost() throws(RuntimeError) {
    try explaining(.system, "the parent's death can't be untied from ours", OwnProcess.setParentDeathSignal(nil))
}
