import Bytes
import Errors
import Linux
import OCI

/// User namespaces from outside.
enum UserNamespace {
    /// Engines repeat the mappings of a namespace that they have made: then they have to be the same.
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

    /// A namespace that stands for nothing but an id mapping: what mount_setattr(2) wants for `MOUNT_ATTR_IDMAP`. It outlives its only
    /// process as long as a descriptor of it is open.
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

    /// Does `body` while a process is in the user namespace that `enter` takes it to.
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

    /// - Returns: with it our end of the conversation. The other isn't kept: as long as that is open there's no end of file.
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

    /// Whether the text of a uid_map or gid_map says the same as the configuration.
    static func areSame(_ text: [UInt8], _ wanted: [IDMapping]) -> Bool { sorted(mappings(in: text)) == sorted(wanted) }

    static func mappings(in text: [UInt8]) -> [IDMapping] {
        text.split(separator: UInt8(ascii: "\n")).map { line in
            let fields = line.split(separator: UInt8(ascii: " ")).map { ByteString($0).decimal(as: UInt32.self) ?? 0 }
            return IDMapping(containerID: fields.first ?? 0, hostID: fields.dropFirst().first ?? 0, size: fields.last ?? 0)
        }
    }

    private static func sorted(_ mappings: [IDMapping]) -> [IDMapping] { mappings.ordered { $0.containerID < $1.containerID } }
}
