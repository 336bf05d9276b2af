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

/// Goes on in a child: a pid namespace takes only those born into it. To the host the child is Host's, not ours.
///
/// Both have the same end of the conversation. So the child is silent until Host knows of it: what it said first would be taken for
/// ours, and Host would wait for us in its place.
func continueInSuccessor(_ flags: UInt64, _ handshake: borrowing Handshake) throws(RuntimeError) {
    var pipe: (read: SharedDescriptor, write: SharedDescriptor)? = try explaining(.system, "no pipe to the next process") {
        () throws(SystemError) in try FileDescriptor.pipe()
    }
    let clone = try explaining(.namespace, "a process in the pid namespace can't be made", pointer: "/linux/namespaces") {
        () throws(SystemError) in try cloneProcess(flags | c_clone_parent)
    }
    switch consume clone {
    case .child:
        _ = setsid()
        try dieWithHost(handshake)
        // The pipe ends with the parent, should that die before it could announce us: unless we have the writing end open too.
        let known = pipe?.read
        pipe = nil
        let word = try? known?.with { (known) throws(SystemError) in try known.read(upTo: 1) }
        guard let word, !word.isEmpty else { _exit(1) }
    case .parent(let pid, let handle):
        do throws(RuntimeError) {
            try handshake.tell(.successor(pid: pid), descriptors: [handle.descriptor.rawValue])
        } catch {
            // Host would wait for one that it doesn't know of.
            try? handle.send(signal: SIGKILL)
            throw error
        }
        try? pipe?.write.with { (pipe) throws(SystemError) in try pipe.writeAll([1]) }
        _exit(0)
    }
}
