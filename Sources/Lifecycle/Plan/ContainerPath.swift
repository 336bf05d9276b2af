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
        var bytes: [UInt8] = []
        path.bytes.withUnsafeBufferPointer { path in
            var start = 0
            while start < path.count {
                var end = start
                while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
                let part = UnsafeBufferPointer(rebasing: path[start..<end])
                start = end + 1
                if part.equals("..") {
                    bytes.removeLast(bytes.count - (bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0))
                } else if !part.isEmpty, !part.equals(".") {
                    bytes.append(UInt8(ascii: "/"))
                    bytes.append(contentsOf: part)
                }
            }
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
