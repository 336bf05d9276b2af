import Bytes
import Errors
import OCI

/// Kernel parameters that belong to a namespace of the container. All others belong to the host and are refused.
enum SysctlPlan {
    /// One parameter, and the kind of namespace that must be the container's own to set it.
    struct Entry: Sendable {
        let key: ByteString
        /// The path of its file below /proc, which begins with "sys/".
        let path: ByteString
        let value: ByteString
        let namespace: Namespace.Kind
        let pointer: String
    }

    /// Checks the property `linux.sysctl`.
    ///
    /// - Parameters:
    ///   - sysctls: The parameters.
    ///   - isOwn: Whether the container has a namespace of this kind that isn't the runtime's.
    /// - Returns: An entry for each parameter.
    /// - Throws: `invalidConfig` for a parameter that doesn't belong to a namespace of the container.
    static func entries(_ sysctls: [Sysctl], isOwn: (Namespace.Kind) -> Bool) throws(RuntimeError) -> [Entry] {
        var entries: [Entry] = []
        for sysctl in sysctls {
            let entry = try entry(sysctl)
            guard isOwn(entry.namespace) else {
                throw RuntimeError(
                    .invalidConfig,
                    "\"" + sysctl.key.text.displayText + "\" belongs to the " + entry.namespace.name.description
                        + " namespace, and the container shares the host's",
                    pointer: entry.pointer,
                    hint: "add a namespace of type " + entry.namespace.name.description + ", or leave it out")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ sysctl: Sysctl) throws(RuntimeError) -> Entry {
        let pointer = "/linux/sysctl/" + sysctl.key.text.escapedForJSONPointer
        let parts = sysctl.key.components
        guard let namespace = namespace(of: parts) else {
            throw RuntimeError(
                .invalidConfig, "\"" + sysctl.key.text.displayText + "\" is not a parameter of a namespace", pointer: pointer,
                hint: "kernel.msg*, kernel.sem, kernel.shm*, kernel.domainname, fs.mqueue.*, net.* and user.* can be set")
        }
        if parts.count == 2, parts[0] == "kernel", parts[1] == "hostname" {
            throw RuntimeError(.invalidConfig, "kernel.hostname is set by the property hostname", pointer: pointer)
        }
        var path: [UInt8] = Array("sys".utf8)
        for part in parts {
            path.append(UInt8(ascii: "/"))
            path.append(contentsOf: part.bytes)
        }
        return Entry(key: sysctl.key.text, path: ByteString(path), value: sysctl.value, namespace: namespace, pointer: pointer)
    }

    private static func namespace(of parts: [ByteString]) -> Namespace.Kind? {
        guard parts.count > 1 else { return nil }
        switch parts[0] {
        case "net": return .network
        case "user": return .user
        case "fs": return parts.count > 2 && parts[1] == "mqueue" ? .ipc : nil
        case "kernel" where parts.count == 2:
            switch parts[1] {
            case "msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced", "msg_next_id",
                "sem_next_id",
                "shm_next_id", "auto_msgmni":
                return .ipc
            case "domainname", "hostname": return .uts
            default: return nil
            }
        default: return nil
        }
    }
}
