import Bytes
import Errors
import Linux
import OCI

/// Writes the id mappings of a new user namespace: user_namespaces(7).
struct IDMaps {
    let pid: Int32
    let uids: [IDMapping]
    let gids: [IDMapping]

    func write(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if Credentials.effectiveUser == 0 {
            try write(gids.text, to: "gid_map", "/linux/gidMappings", procfs)
            try write(uids.text, to: "uid_map", "/linux/uidMappings", procfs)
        } else if isOwnAlone {
            // Whoever may map only itself may do so only when groups can't be dropped: a group can also take rights away.
            try write(Array("deny".utf8), to: "setgroups", "/linux/gidMappings", procfs)
            try write(gids.text, to: "gid_map", "/linux/gidMappings", procfs)
            try write(uids.text, to: "uid_map", "/linux/uidMappings", procfs)
        } else {
            try runHelper("newgidmap", gids, "/linux/gidMappings")
            try runHelper("newuidmap", uids, "/linux/uidMappings")
        }
    }

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

    /// newuidmap(1) and newgidmap(1) map what /etc/subuid and /etc/subgid give to the caller.
    private func runHelper(_ name: ByteString, _ mappings: [IDMapping], _ pointer: String) throws(RuntimeError) {
        var arguments: [ByteString] = [name, ByteString(decimal: pid)]
        for mapping in mappings {
            arguments += [mapping.containerID, mapping.hostID, mapping.size].map { ByteString(decimal: $0) }
        }
        // By their own place: a PATH could name others.
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
