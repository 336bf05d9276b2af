import Errors
import Linux

/// Tells Host the pid of the process that takes over from Init. A pid namespace takes only processes that are born into it, so
/// Init leaves its place to another process.
///
/// The kernel itself writes the successor's pid, into a page that Host and Init share and that the successor doesn't have. So
/// nothing in a joined pid namespace can trick Host into taking another process for the container's.
final class Succession {
    /// Where the kernel writes the successor's pid: `CLONE_PARENT_SETTID`, clone(2).
    let number: UnsafeMutablePointer<Int32>

    init() throws(RuntimeError) {
        let page = try explaining(
            .system, "no memory for the number of the container's process", SharedMemory.map(MemoryLayout<Int32>.size))
        number = page.bindMemory(to: Int32.self, capacity: 1)
        number.initialize(to: 0)
    }

    deinit { SharedMemory.unmap(number, MemoryLayout<Int32>.size) }

    /// The successor's pid as the host sees it. 0 as long as there is no successor.
    var pid: Int32 { number.pointee }

    /// Keeps the page out of processes that are cloned from here on.
    func withhold() throws(RuntimeError) {
        try explaining(
            .system, "the number of the container's process can't be kept from it",
            SharedMemory.withhold(number, MemoryLayout<Int32>.size))
    }

    /// Continues in a new process, and ends this one.
    ///
    /// The new process is a child of Host, not of this one. Both have the same end of the conversation. As soon as `pid` isn't
    /// 0, the messages that Host gets come from the new process.
    func goOn(_ namespaces: NamespaceKinds, _ conversation: Conversation) throws(RuntimeError) {
        try withhold()
        let clone = try explaining(
            .namespace, "a process in the pid namespace can't be made", pointer: "/linux/namespaces",
            cloneProcess(namespaces, .sibling, number: number))
        switch consume clone {
        case .child:
            OwnProcess.startSession()
            try dieWithHost(conversation)
        case .parent: OwnProcess.exit(0)
        }
    }
}
