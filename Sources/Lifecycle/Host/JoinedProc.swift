import Bytes
import CLinux
import Errors
import Linux
import OCI

/// `proc` of a pid namespace that is joined, for a container in a user namespace: only Host may mount it, and Host isn't in it.
///
/// From kernel 6.17 on the file system takes the namespace as an option. Before, it shows that of its maker: so a process of ours goes
/// there. It's one that the container can see but not trace, since its memory belongs to Host's user namespace; and it has nothing of the
/// host's left but a socket.
enum JoinedProc {
    static func mount(_ entry: MountStep, of namespace: SharedDescriptor) throws(RuntimeError) -> SharedDescriptor {
        do throws(RuntimeError) {
            return try FileSystems.make("proc", entry, pidNamespace: namespace)
        } catch  where FileSystems.lacksPIDNamespaceOption(error) {
            return try mountFromInside(entry, namespace)
        }
    }

    private static func mountFromInside(_ entry: MountStep, _ namespace: SharedDescriptor) throws(RuntimeError)
        -> SharedDescriptor
    {
        let (first, socket) = try launch(entry, namespace)
        var maker = first
        defer { maker.handle.end() }
        let handshake = Handshake(socket)
        while let (message, descriptors) = try handshake.receive() {
            switch message {
            case .successor(let pid):
                guard let pidfd = descriptors.first else { break }
                _ = try? maker.handle.wait()
                maker = ContainerProcess(pid: pid, handle: try ProcessHandle.of(pidfd))
            case .ready:
                if let mount = descriptors.first { return mount }
            case .failed(let error): throw error
            default: break
            }
        }
        throw RuntimeError(.mount, "the process that mounts it in the joined pid namespace died", pointer: entry.label)
    }

    /// - Returns: with it our end of the conversation. The other isn't kept: as long as that is open there's no end of file.
    private static func launch(_ entry: MountStep, _ namespace: SharedDescriptor) throws(RuntimeError) -> (
        ContainerProcess, SharedDescriptor
    ) {
        let (ours, theirs) = try explaining(.system, "no socket for a process in the pid namespace") { () throws(SystemError) in
            try FileDescriptor.messagePair()
        }
        let clone = try explaining(.namespace, "a process for the pid namespace can't be made") { () throws(SystemError) in
            try cloneProcess(0)
        }
        switch consume clone {
        case .child: become(Handshake(theirs), entry, namespace)
        case .parent(let pid, let handle): return (ContainerProcess(pid: pid, handle: handle), ours)
        }
    }

    private static func become(_ handshake: consuming Handshake, _ entry: MountStep, _ namespace: SharedDescriptor) -> Never {
        do throws(RuntimeError) {
            try dieWithHost(handshake)
            try closeDescriptors(from: 0, but: [handshake.rawValue, namespace.rawValue])
            try explaining(.namespace, "the pid namespace can't be joined", pointer: "/linux/namespaces") {
                () throws(SystemError) in
                try leaveHostBehind()
                try namespace.with { (file) throws(SystemError) in try file.enterNamespace(c_new_pid) }
            }
            try continueInSuccessor(0, handshake)
            let mount = try FileSystems.make("proc", entry)
            try handshake.tell(.ready, descriptors: [mount.rawValue])
        } catch {
            try? handshake.send(.failed(error))
        }
        _exit(0)
    }

    /// The root becomes an empty file system that is mounted nowhere.
    private static func leaveHostBehind() throws(SystemError) {
        guard c_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 else { throw .last("prctl") }
        let nowhere = try FileSystemContext(type: "tmpfs").mount(attributes: MountAttributes.readOnly)
        guard fchdir(nowhere.rawValue) == 0, chroot(".") == 0 else { throw .last("chroot") }
    }
}
