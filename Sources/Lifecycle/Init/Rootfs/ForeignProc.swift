import Bytes
import Errors
import Linux
import OCI

/// Mounts `proc` of a joined pid namespace that the mounting process isn't in.
///
/// From kernel 6.17 on, proc takes the pid namespace as an option. Before, it shows the pid namespace of the process that opens
/// it (fsopen(2)), so a process of ours enters that namespace for a moment. Other processes there can see it. So it has nothing
/// of the host's: an empty root, no memory of the caller's, no descriptors except a socket and the namespace's own file, and no
/// capability except CAP_SYS_ADMIN, which fsopen demands.
enum ForeignProc {
    /// Makes the detached mount of `proc` that an entry of `/mounts` asks for.
    static func mount(_ entry: MountStep, of namespace: SharedDescriptor) throws(RuntimeError) -> SharedDescriptor {
        do throws(RuntimeError) {
            return try FileSystems.make("proc", entry, pidNamespace: namespace)
        } catch  where FileSystems.lacksPIDNamespaceOption(error) {
            let mount = try FileSystems.make("proc", entry, from: try openFromInside(namespace))
            // Another process in the namespace may have taken over the socket and sent something else.
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
            // Ends the first process, and the process in the namespace if the first one cloned it.
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

    /// Clones the process that joins the pid namespace and clones another one in it.
    ///
    /// - Returns: The process, and our end of the conversation. The other end isn't kept: while it's open, there's no end of
    ///   file.
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

    /// The data of the first process.
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

    /// Runs the first process: it joins the pid namespace, and clones the process that opens `proc` there.
    private static func become(_ start: Start) -> Never {
        DescriptorClosing.closeGathered()
        let conversation = Conversation(start.socket, as: .process, .errand)
        do throws(RuntimeError) {
            try explaining(.system, "the program's file can't be unmapped", SealedProgram.dropHostPart())
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

    /// Changes the root to an empty file system that is mounted nowhere, and drops all capabilities except CAP_SYS_ADMIN.
    private static func leaveHostBehind() throws(SystemError) {
        try OwnProcess.setDumpable(false)
        let nowhere = try FileSystemContext(type: "tmpfs").mount(attributes: .readOnly)
        try OwnProcess.changeRoot(to: nowhere)
        var needed = CapabilitySet()
        needed.insert(CapabilitySet.sysAdmin)
        try ThreadCapabilities(effective: needed, permitted: needed, inheritable: CapabilitySet()).apply()
    }

    /// Runs the process in the namespace: it opens `proc` and sends the context.
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
