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

    /// Of a child whose number the kernel gave.
    convenience init(child pid: Int32) throws(RuntimeError) {
        self.init(
            pid: pid,
            handle: try explaining(.system, "the container's process can't be held on to", ProcessHandle(pid: pid)))
    }

    /// A handle of its own for whoever outlives this one.
    func pidfd() throws(RuntimeError) -> SharedDescriptor {
        try explaining(
            .system, "the container's process can't be held on to", SharedDescriptor(try handle.descriptor.duplicate()))
    }
}
