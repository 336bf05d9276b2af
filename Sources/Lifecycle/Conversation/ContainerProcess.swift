import Errors
import Linux

/// A process that a wherry command has made for a container, for as long as that command runs.
final class ContainerProcess {
    let pid: Int32
    let handle: ProcessHandle
    /// The controller of its terminal, if it has one.
    var terminal: SharedDescriptor?
    /// Whether the process has been waited for.
    var isReaped = false

    init(pid: Int32, handle: consuming ProcessHandle) {
        self.pid = pid
        self.handle = handle
    }

    /// Opens a handle on a child of ours.
    ///
    /// - Parameter pid: The child's pid, as the kernel reported it.
    /// - Throws: `system` if the process is gone, or no descriptor is left.
    convenience init(child pid: Int32) throws(RuntimeError) {
        self.init(
            pid: pid,
            handle: try explaining(.system, "the container's process can't be held on to", ProcessHandle(pid: pid)))
    }

    /// Duplicates the process's pidfd, so that the copy stays open when this object is gone.
    func pidfd() throws(RuntimeError) -> SharedDescriptor {
        try explaining(
            .system, "the container's process can't be held on to", SharedDescriptor(try handle.descriptor.duplicate()))
    }
}
