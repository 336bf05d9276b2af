import Bytes
import CLinux
import Errors
import Linux
import OCI

/// Writes the id mappings of a new user namespace: user_namespaces(7).
struct IDMaps {
    let pid: Int32
    let uids: [IDMapping]
    let gids: [IDMapping]

    func write(_ procfs: borrowing ProcFileSystem) throws(RuntimeError) {
        if geteuid() == 0 {
            try write(IDMaps.text(of: gids), to: "gid_map", "/linux/gidMappings", procfs)
            try write(IDMaps.text(of: uids), to: "uid_map", "/linux/uidMappings", procfs)
        } else if isOwnAlone {
            // Whoever may map only itself may do so only when groups can't be dropped: a group can also take rights away.
            try write(Array("deny".utf8), to: "setgroups", "/linux/gidMappings", procfs)
            try write(IDMaps.text(of: gids), to: "gid_map", "/linux/gidMappings", procfs)
            try write(IDMaps.text(of: uids), to: "uid_map", "/linux/uidMappings", procfs)
        } else {
            try runHelper("newgidmap", gids, "/linux/gidMappings")
            try runHelper("newuidmap", uids, "/linux/uidMappings")
        }
    }

    private var isOwnAlone: Bool {
        uids.count == 1 && gids.count == 1 && uids[0].size == 1 && gids[0].size == 1 && uids[0].hostID == geteuid()
            && gids[0].hostID == getegid()
    }

    /// Refuses a text of a page or more, which the kernel doesn't take (user_namespaces(7)).
    static func check(_ mappings: [IDMapping], _ pointer: String) throws(RuntimeError) {
        // Fewer than 100 always fit.
        guard mappings.count > 100 else { return }
        let (size, most) = (text(of: mappings).count, Int(sysconf(Int32(_SC_PAGESIZE))) - 1)
        guard size <= most else {
            throw RuntimeError(
                .unsupported,
                "the " + String(mappings.count) + " mappings have " + String(size) + " bytes as text, and the kernel takes "
                    + String(most), pointer: pointer, hint: "join neighbouring ranges into one")
        }
    }

    private static func text(of mappings: [IDMapping]) -> [UInt8] {
        var text: [UInt8] = []
        for mapping in mappings {
            text += ByteString(decimal: mapping.containerID).bytes + [0x20] + ByteString(decimal: mapping.hostID).bytes + [0x20]
            text += ByteString(decimal: mapping.size).bytes + [0x0A]
        }
        return text
    }

    private func write(_ text: [UInt8], to file: ByteString, _ pointer: String, _ procfs: borrowing ProcFileSystem)
        throws(RuntimeError)
    {
        try explaining(
            .namespace, "the ids can't be mapped", pointer: pointer, path: file,
            hint: "map only ids that are the caller's own"
        ) { () throws(SystemError) in try procfs.write(ByteString(decimal: pid) + "/" + file, text) }
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
                path.withCString { access($0, X_OK) } == 0
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

extension [IDMapping] {
    /// The id outside that stands for one inside: nil where it has no place.
    func hostID(of id: UInt32) -> UInt32? {
        first { id >= $0.containerID && UInt64(id) < UInt64($0.containerID) + UInt64($0.size) }.map {
            $0.hostID + (id - $0.containerID)
        }
    }
}
