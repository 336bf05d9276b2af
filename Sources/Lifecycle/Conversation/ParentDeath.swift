import CLinux
import Errors
import Linux

// What ties the processes that become the container's to Host, which made them: its end is theirs, until it lets them go.

/// Has the kernel kill this process when Host ends. It forgets that with each change of the user, and with each clone.
func dieWithHost(_ handshake: borrowing Handshake) throws(RuntimeError) {
    guard c_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0) == 0 else {
        throw RuntimeError(.system, "the parent's death can't be tied to ours", .last("prctl"))
    }
    // It may have died before: then its end of the conversation is closed.
    var request = pollfd(fd: handshake.rawValue, events: 0, revents: 0)
    if poll(&request, 1, 0) > 0, Int32(request.revents) & POLLHUP != 0 { _exit(1) }
}

/// From here on the end of Host is nothing to this process.
func outliveHost() throws(RuntimeError) {
    guard c_prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 else {
        throw RuntimeError(.system, "the parent's death can't be untied from ours", .last("prctl"))
    }
}
