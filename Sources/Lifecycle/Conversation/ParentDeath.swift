import Errors
import Linux

// What ties the processes that become the container's to Host, which made them: its end is theirs, until it lets them go.

/// Has the kernel kill this process when Host ends. It forgets that with each change of the user, and with each clone.
@inline(never)
func dieWithHost(_ conversation: Conversation) throws(RuntimeError) {
    try explaining(.system, "the parent's death can't be tied to ours", OwnProcess.setParentDeathSignal(Signal.kill))
    // It may have died before: then its end of the conversation is closed.
    var request = PollRequest(conversation.rawValue, [])
    if request.wait(milliseconds: 0), request.answer.contains(.hangUp) { OwnProcess.exit(1) }
}

/// From here on the end of Host is nothing to this process.
func outliveHost() throws(RuntimeError) {
    try explaining(.system, "the parent's death can't be untied from ours", OwnProcess.setParentDeathSignal(nil))
}
