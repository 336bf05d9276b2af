import Errors
import Linux

/// A process of ours on its way into a container, while the program that made it is there.
final class ContainerProcess {
    let pid: Int32
    let handle: ProcessHandle
    /// The controller of its terminal.
    var terminal: SharedDescriptor?
    var isReaped = false

    init(pid: Int32, handle: consuming ProcessHandle) {
        self.pid = pid
        self.handle = handle
    }
}

extension ProcessHandle {
    /// The handle that came with a message.
    static func of(_ pidfd: SharedDescriptor) throws(RuntimeError) -> ProcessHandle {
        try explaining(.system, "the container's process can't be held on to") { () throws(SystemError) in
            ProcessHandle(adopting: try pidfd.duplicate().release())
        }
    }
}
