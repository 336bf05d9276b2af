import Bytes

/// Compares paths of config.json as texts. No file is looked at.
enum ContainerPath {
    /// Whether something may be mounted on a path in the container. In /proc, only the files that lxcfs and similar programs
    /// replace are allowed. Other mounts there would let the container redirect our own writes to /proc (CVE-2019-16884).
    static func mayCover(_ path: ByteString) -> Bool {
        guard path.hasPrefix("/proc/") else { return true }
        let allowed: [StaticString] = [
            "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "sys/kernel/ns_last_pid",
            "sys/crypto/fips_enabled",
        ]
        let name = path.dropFirst(6)
        return allowed.contains { name == $0 }
    }

    /// Makes a path absolute and removes empty components, "." and "..". As with chroot(2), ".." at the root stays at the root.
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

    /// The path counted from `root`.
    ///
    /// - Parameters:
    ///   - root: A directory.
    ///   - path: Any path.
    /// - Returns: nil if the text of `path` doesn't lead into `root`, or if one of them contains "..".
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
