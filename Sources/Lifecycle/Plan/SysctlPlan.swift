import Bytes
import Errors
import OCI

/// Kernel parameters that belong to a namespace of the container. All others are the host's, and refused.
enum SysctlPlan {
    /// A parameter as a path below /proc/sys, and the namespace that has to be the container's own for it.
    struct Entry: Sendable {
        let key: ByteString
        let path: ByteString
        let value: ByteString
        let namespace: Namespace.Kind
        let pointer: String
    }

    /// `isOwn`: whether the container has a namespace of this kind that isn't the host's.
    static func entries(_ sysctls: [Sysctl], isOwn: (Namespace.Kind) -> Bool) throws(RuntimeError) -> [Entry] {
        var entries: [Entry] = []
        for sysctl in sysctls {
            let entry = try entry(sysctl)
            guard isOwn(entry.namespace) else {
                throw RuntimeError(
                    .invalidConfig,
                    "\"" + sysctl.key.displayText + "\" belongs to the " + entry.namespace.name.description
                        + " namespace, and the container shares the host's",
                    pointer: entry.pointer,
                    hint: "add a namespace of type " + entry.namespace.name.description + ", or leave it out")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ sysctl: Sysctl) throws(RuntimeError) -> Entry {
        let pointer = "/linux/sysctl/" + pointerComponent(sysctl.key)
        let parts = components(of: sysctl.key)
        guard parts.allSatisfy(isSafe), let namespace = namespace(of: parts) else {
            throw RuntimeError(
                .invalidConfig, "\"" + sysctl.key.displayText + "\" is not a parameter of a namespace", pointer: pointer,
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
        return Entry(key: sysctl.key, path: ByteString(path), value: sysctl.value, namespace: namespace, pointer: pointer)
    }

    /// Both ways of writing: "net.ipv4.ip_forward", where a slash stands for a dot in a name, and "net/ipv4/conf/eno2.100/forwarding".
    private static func components(of key: ByteString) -> [ByteString] {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        guard let first = key.bytes.first(where: { $0 == dot || $0 == slash }), first == dot else {
            return key.split(separator: slash)
        }
        return key.split(separator: dot).map { ByteString($0.bytes.map { $0 == slash ? dot : $0 }) }
    }

    /// No way up, nothing empty, nothing but what names of parameters and interfaces are made of: "+" and its like have been read as
    /// something else by programs behind us (CVE-2022-0811).
    private static func isSafe(_ part: ByteString) -> Bool {
        guard !part.isEmpty, part != ".", part != ".." else { return false }
        return part.bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
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

    /// RFC 6901: "~" and "/" are escaped.
    private static func pointerComponent(_ key: ByteString) -> String {
        var bytes: [UInt8] = []
        for byte in key.bytes {
            switch byte {
            case UInt8(ascii: "~"): bytes += Array("~0".utf8)
            case UInt8(ascii: "/"): bytes += Array("~1".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
