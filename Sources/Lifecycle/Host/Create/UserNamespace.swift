import Bytes
import Errors
import Linux
import OCI

/// User namespaces that Host checks or makes without entering them itself.
enum UserNamespace {
    /// Checks the configured mappings if a user namespace is joined. Engines repeat the mappings of a namespace that they have
    /// made, so equal mappings are accepted; others are an error.
    static func checkMappings(_ plan: Plan, _ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        guard let namespace = plan.namespaceFiles.file(of: .user), !plan.idMappings.isEmpty else { return }
        try withHolder(
            { () throws(SystemError) in try namespace.file.enterNamespace(.user) }
        ) { (pid) throws(RuntimeError) in
            let folder = ByteString(decimal: pid)
            for (wanted, file, pointer) in [
                (plan.idMappings.uids, folder + "/uid_map", "/linux/uidMappings"),
                (plan.idMappings.gids, folder + "/gid_map", "/linux/gidMappings"),
            ] {
                let found = try explaining(
                    .namespace, "the mapping of the joined user namespace can't be read", pointer: pointer, procfs.read(file))
                guard areSame(found, wanted) else {
                    throw RuntimeError(
                        .invalidConfig, "the joined user namespace has other mappings", pointer: pointer,
                        hint: "leave the mappings out: the namespace at the path has its own")
                }
            }
        }
    }

    /// Makes a user namespace that only holds an id mapping, as mount_setattr(2) needs it for `MOUNT_ATTR_IDMAP`. Its only
    /// process ends before this function returns; the descriptor keeps the namespace alive.
    ///
    /// - Parameters:
    ///   - uids: The mappings of users.
    ///   - gids: The mappings of groups.
    ///   - procfs: The host's procfs.
    /// - Returns: A descriptor of the namespace.
    /// - Throws: An error if the namespace can't be made or the ids can't be mapped.
    static func make(uids: [IDMapping], gids: [IDMapping], _ procfs: borrowing ProcFileSystem) throws(RuntimeError)
        -> SharedDescriptor
    {
        try withHolder({ () throws(SystemError) in try unshare(.user) }) { (pid) throws(RuntimeError) in
            try IDMaps(pid: pid, uids: uids, gids: gids).write(procfs)
            return try explaining(
                .namespace, "the user namespace for the mapping can't be opened",
                SharedDescriptor(try procfs.openNamespace("user", of: ByteString(decimal: pid))))
        }
    }

    /// Runs `body` while a child process is in the user namespace that `enter` enters or makes.
    ///
    /// - Parameters:
    ///   - enter: Runs in the child.
    ///   - body: Gets the child's pid.
    /// - Returns: The result of `body`.
    /// - Throws: What `body` throws, or an error if the child can't enter the namespace.
    private static func withHolder<Result>(
        _ enter: () throws(SystemError) -> Void, _ body: (Int32) throws(RuntimeError) -> Result
    ) throws(RuntimeError) -> Result {
        let (holder, socket) = try makeHolder(enter)
        defer { holder.handle.end() }
        guard try Conversation(socket, as: .host, .errand).hear() != nil else {
            throw RuntimeError(.namespace, "the process in the user namespace died")
        }
        return try body(holder.pid)
    }

    /// Makes the child process for `withHolder`.
    ///
    /// - Returns: The child, and our end of the conversation with it. The child's end is closed in our process: as long as it's
    ///   open here, the child's death brings no end of file.
    private static func makeHolder(_ enter: () throws(SystemError) -> Void) throws(RuntimeError) -> (
        ContainerProcess, SharedDescriptor
    ) {
        let (ours, theirs) = try explaining(
            .system, "no socket for a process in the user namespace", FileDescriptor.messagePair())
        let clone = try explaining(.namespace, "a process for the user namespace can't be made", cloneProcess())
        switch consume clone {
        case .child:
            try? OwnProcess.setParentDeathSignal(Signal.kill)
            let conversation = Conversation(theirs, as: .process, .errand)
            do throws(RuntimeError) {
                try explaining(.namespace, "the user namespace can't be entered", enter())
                try conversation.say(.ready)
            } catch {
                conversation.fail(error)
                OwnProcess.exit(1)
            }
            OwnProcess.sleepForEver()
        case .parent(let pid, let handle): return (ContainerProcess(pid: pid, handle: handle), ours)
        }
    }

    /// Whether the text of a uid_map or gid_map has the same mappings as the configuration, in any order.
    static func areSame(_ text: [UInt8], _ wanted: [IDMapping]) -> Bool { sorted(mappings(in: text)) == sorted(wanted) }

    /// The mappings in the text of a uid_map or gid_map: user_namespaces(7).
    static func mappings(in text: [UInt8]) -> [IDMapping] {
        text.split(separator: UInt8(ascii: "\n")).map { line in
            let fields = line.split(separator: UInt8(ascii: " ")).map { ByteString($0).decimal(as: UInt32.self) ?? 0 }
            return IDMapping(containerID: fields.first ?? 0, hostID: fields.dropFirst().first ?? 0, size: fields.last ?? 0)
        }
    }

    private static func sorted(_ mappings: [IDMapping]) -> [IDMapping] { mappings.ordered { $0.containerID < $1.containerID } }
}
