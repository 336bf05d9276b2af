import Bytes
import Errors
import Linux
import OCI

/// The id mappings of a new user namespace. Source: user_namespaces(7).
struct IDMaps {
    /// A process in the user namespace.
    let pid: Int32
    let uids: [IDMapping]
    let gids: [IDMapping]

    /// Writes the mappings: directly, or with newuidmap(1) and newgidmap(1) where the caller has no right to.
    func write(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if Credentials.effectiveUser == 0 {
            try write(gids.text, to: "gid_map", "/linux/gidMappings", procfs)
            try write(uids.text, to: "uid_map", "/linux/uidMappings", procfs)
        } else if isOwnAlone {
            // An unprivileged caller may map its own group only if setgroups(2) is disabled in the namespace first: dropping a
            // group could give access that is denied to members of that group.
            try write(Array("deny".utf8), to: "setgroups", "/linux/gidMappings", procfs)
            try write(gids.text, to: "gid_map", "/linux/gidMappings", procfs)
            try write(uids.text, to: "uid_map", "/linux/uidMappings", procfs)
        } else {
            try runHelper("newgidmap", gids, "/linux/gidMappings")
            try runHelper("newuidmap", uids, "/linux/uidMappings")
        }
    }

    /// Whether the mappings contain only the caller's own user and group.
    private var isOwnAlone: Bool {
        uids.count == 1 && gids.count == 1 && uids[0].size == 1 && gids[0].size == 1
            && uids[0].hostID == Credentials.effectiveUser
            && gids[0].hostID == Credentials.effectiveGroup
    }

    private func write(_ text: [UInt8], to file: ByteString, _ pointer: String, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        try explaining(
            .namespace, "the ids can't be mapped", pointer: pointer, path: file,
            hint: "map only ids that are the caller's own", procfs.write(ByteString(decimal: pid) + "/" + file, text))
    }

    /// Runs newuidmap(1) or newgidmap(1), which map the ids that /etc/subuid and /etc/subgid give to the caller.
    private func runHelper(_ name: ByteString, _ mappings: [IDMapping], _ pointer: String) throws(RuntimeError) {
        var arguments: [ByteString] = [name, ByteString(decimal: pid)]
        for mapping in mappings {
            arguments += [mapping.containerID, mapping.hostID, mapping.size].map { ByteString(decimal: $0) }
        }
        // PATH isn't searched: it could lead to other programs.
        guard
            let path = (["/usr/bin/", "/bin/", "/usr/local/bin/"] as [ByteString]).map({ $0 + name }).first(where: { path in
                isAccessible(path, forExecution: true)
            })
        else {
            throw RuntimeError(
                .namespace, name.displayText + " is not installed: without it a user who isn't root can map only the own id",
                pointer: pointer, hint: "install the package uidmap")
        }
        do throws(RuntimeError) {
            try HookRunner.runProgram(path, arguments: arguments)
        } catch {
            throw RuntimeError(
                .namespace, "the ids can't be mapped: " + error.message, pointer: pointer, path: path,
                hint: error.hint ?? "is there a range for this user in /etc/subuid and /etc/subgid?")
        }
    }
}
