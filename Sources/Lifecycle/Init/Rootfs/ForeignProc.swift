import Bytes
import Errors
import Linux
import OCI

/// `proc` of a pid namespace that is joined: whoever mounts it isn't in that namespace.
///
/// From kernel 6.17 on the file system takes the namespace as an option. Before, it shows that of the process that opens it (fsopen(2)): so
/// a process of ours goes there for that moment. Others in the namespace can see it. So it has nothing of the host's: an empty root, no
/// memory of the caller's, no descriptor but a socket, and of the capabilities only the one that fsopen demands, CAP_SYS_ADMIN.
enum ForeignProc {
    static func mount(_ entry: MountStep, of namespace: SharedDescriptor) throws(RuntimeError) -> SharedDescriptor {
        do throws(RuntimeError) {
            return try FileSystems.make("proc", entry, pidNamespace: namespace)
        } catch  where FileSystems.lacksPIDNamespaceOption(error) {
            let mount = try FileSystems.make("proc", entry, from: try openFromInside(namespace))
            // What came over the socket may be another process's word.
            guard (try? mount.file.fileSystemMagic()) == .proc else {
                throw RuntimeError(
                    .mount, "the process in the joined pid namespace opened another file system than proc", pointer: entry.label)
            }
            return mount
        }
    }

    private static func openFromInside(_ namespace: SharedDescriptor) throws(RuntimeError) -> FileSystemContext {
        let succession = try Succession()
        let (first, socket) = try launch(namespace, succession)
        defer {
            // Its own end, or that of the one which it left its place to.
            first.handle.end()
            if succession.pid > 0, let opener = try? ProcessHandle(pid: succession.pid) { opener.end() }
        }
        guard let opened = try Conversation(socket, as: .host, .errand).hear()?.descriptors.first else {
            throw RuntimeError(.mount, "the process that opens proc in the joined pid namespace died", pointer: "/mounts")
        }
        return try explaining(
            .system, "what was opened in the joined pid namespace can't be kept",
            FileSystemContext(adopting: try opened.duplicate()))
    }

    /// - Returns: with it our end of the conversation. The other isn't kept: as long as that is open there's no end of file.
    private static func launch(_ namespace: SharedDescriptor, _ succession: Succession) throws(RuntimeError) -> (
        ContainerProcess, SharedDescriptor
    ) {
        let (ours, theirs) = try explaining(.system, "no socket for a process in the pid namespace", FileDescriptor.messagePair())
        let stack = try explaining(.system, "no memory for a process in the pid namespace", ProcessStack())
        let start = Start(namespace: namespace, socket: theirs, succession: succession, stack: stack)
        let clone = try explaining(.namespace, "a process for the pid namespace can't be made") { () throws(SystemError) in
            try stack.clone(cgroup: nil, Unmanaged.passUnretained(start).toOpaque()) {
                ForeignProc.become(Unmanaged<Start>.fromOpaque($0).takeUnretainedValue())
            }
        }
        switch consume clone {
        case .child: become(start)
        case .parent(let pid, let handle):
            withExtendedLifetime(start) {}
            return (ContainerProcess(pid: pid, handle: handle), ours)
        }
    }

    private final class Start {
        let namespace: SharedDescriptor
        let socket: SharedDescriptor
        let succession: Succession
        let stack: ProcessStack

        init(namespace: SharedDescriptor, socket: SharedDescriptor, succession: Succession, stack: ProcessStack) {
            self.namespace = namespace
            self.socket = socket
            self.succession = succession
            self.stack = stack
        }
    }

    private static func become(_ start: Start) -> Never {
        let conversation = Conversation(start.socket, as: .process, .errand)
        do throws(RuntimeError) {
            try dieWithHost(conversation)
            try closeDescriptors(from: 0, but: [conversation.rawValue, start.namespace.rawValue])
            try start.succession.withhold()
            try explaining(.namespace, "the pid namespace can't be joined", pointer: "/linux/namespaces") {
                () throws(SystemError) in
                try leaveHostBehind()
                try start.namespace.file.enterNamespace(.pid)
                let next = try ProcessStack()
                ProcessStack.beginAllocation()
                try start.stack.withholdMemory()
                guard let socket = UnsafeMutableRawPointer(bitPattern: Int(conversation.rawValue)) else { return }
                try next.cloneSibling(number: start.succession.number, socket) { ForeignProc.open(Int32(Int(bitPattern: $0))) }
            }
        } catch {
            conversation.fail(error)
        }
        OwnProcess.exit(0)
    }

    /// The root becomes an empty file system that is mounted nowhere.
    private static func leaveHostBehind() throws(SystemError) {
        try OwnProcess.setDumpable(false)
        let nowhere = try FileSystemContext(type: "tmpfs").mount(attributes: .readOnly)
        try OwnProcess.changeRoot(to: nowhere)
        var needed = CapabilitySet()
        needed.insert(CapabilitySet.sysAdmin)
        try ThreadCapabilities(effective: needed, permitted: needed, inheritable: CapabilitySet()).apply()
    }

    /// What the process in the namespace does.
    private static func open(_ socket: Int32) -> Never {
        ProcessStack.forgetWithheldMemory()
        let conversation = Conversation(SharedDescriptor(FileDescriptor(adopting: socket)), as: .process, .errand)
        do throws(RuntimeError) {
            try dieWithHost(conversation)
            let context = try explaining(
                .mount, "proc can't be opened in the joined pid namespace", pointer: "/mounts", FileSystemContext(type: "proc"))
            try conversation.say(.ready, descriptors: [context.rawValue])
        } catch {
            conversation.fail(error)
        }
        OwnProcess.exit(0)
    }
}
