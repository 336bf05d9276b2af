import Bytes

/// Paths of config.json, compared as texts: no file is looked at.
enum ContainerPath {
    /// Whether a place in the container may be mounted on: in /proc only what lxcfs and its like replace. Anything else there would
    /// let the container choose what our own writes to /proc reach (CVE-2019-16884).
    static func mayCover(_ path: ByteString) -> Bool {
        guard path.hasPrefix("/proc/") else { return true }
        let allowed: [StaticString] = [
            "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "sys/kernel/ns_last_pid",
            "sys/crypto/fips_enabled",
        ]
        let name = path.dropFirst(6)
        return allowed.contains { name == $0 }
    }

    /// The path from "/", without empty components, "." and "..": the last as the kernel takes them in a root of their own, at the top.
    static func absolute(_ path: ByteString) -> ByteString {
        var parts: [ByteString] = []
        for part in path.split(separator: UInt8(ascii: "/")) where !part.isEmpty && part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        var bytes: [UInt8] = []
        for part in parts {
            bytes.append(UInt8(ascii: "/"))
            bytes.append(contentsOf: part.bytes)
        }
        return bytes.isEmpty ? "/" : ByteString(bytes)
    }

    /// The path from `root` on: nil where `path` doesn't lie in it, as far as the text tells.
    static func below(_ root: ByteString, _ path: ByteString) -> ByteString? {
        guard !hasUpwardPart(root), !hasUpwardPart(path) else { return nil }
        let root = absolute(root)
        let path = absolute(path)
        if path == root { return "/" }
        if root == "/" { return path }
        return path.hasPrefix(root + "/") ? path.dropFirst(root.count) : nil
    }

    private static func hasUpwardPart(_ path: ByteString) -> Bool {
        path.split(separator: UInt8(ascii: "/")).contains { $0 == ".." }
    }
}
