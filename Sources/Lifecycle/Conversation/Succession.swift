import Errors
import Linux

/// Which process comes after Init: a pid namespace takes only processes that are born into it, so Init leaves its place to another one.
///
/// The kernel itself writes that process's pid, into a page that Host and Init share and that process doesn't have. So nothing in a pid
/// namespace that is joined has a say in whom Host takes for the container's process.
final class Succession {
    let number: UnsafeMutablePointer<Int32>

    init() throws(RuntimeError) {
        let page = try explaining(
            .system, "no memory for the number of the container's process", SharedMemory.map(MemoryLayout<Int32>.size))
        number = page.bindMemory(to: Int32.self, capacity: 1)
        number.initialize(to: 0)
    }

    deinit { SharedMemory.unmap(number, MemoryLayout<Int32>.size) }

    /// 0 as long as there is no such process.
    var pid: Int32 { number.pointee }

    /// Keeps the page from processes cloned from here on.
    func withhold() throws(RuntimeError) {
        try explaining(
            .system, "the number of the container's process can't be kept from it",
            SharedMemory.withhold(number, MemoryLayout<Int32>.size))
    }

    /// Goes on in a child, which to the host is Host's child, not ours.
    ///
    /// Both have the same end of the conversation, and Host knows by `pid` whose word it hears.
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
