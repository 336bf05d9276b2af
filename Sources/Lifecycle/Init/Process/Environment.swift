import Bytes
import CLinux
import Errors
import Linux
import OCI

/// The environment of the process: as configured, each name once, with HOME where it's missing.
enum Environment {
    static func entries(for process: Process, listenDescriptors: Int) -> [ByteString] {
        var seen: Set<ByteString> = []
        var entries: [ByteString] = []
        // From the end: of two with one name the last counts.
        for entry in process.env.reversed() {
            let name = entry.splitOnce(separator: UInt8(ascii: "="))?.0 ?? entry
            if seen.insert(name).inserted { entries.append(entry) }
        }
        entries.reverse()
        if !seen.contains("HOME") { entries.append("HOME=" + (PasswordFile.home(of: process.user.uid) ?? "/")) }
        if listenDescriptors > 0 {
            entries.append("LISTEN_FDS=" + ByteString(decimal: listenDescriptors))
            entries.append("LISTEN_PID=1")
        }
        return entries
    }
}

/// The container's /etc/passwd, which the container may have written: read with limits, and only if it is a file.
enum PasswordFile {
    private static let limit = 1 << 20

    static func home(of uid: UInt32) -> ByteString? {
        let wanted = ByteString(decimal: uid)
        guard let bytes = try? read("/etc/passwd") else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 6, omittingEmptySubsequences: false)
            guard fields.count > 5, ByteString(fields[2]) == wanted else { continue }
            let home = ByteString(fields[5])
            return home.hasPrefix("/") && !home.contains(0) ? home : nil
        }
        return nil
    }

    private static func read(_ path: ByteString) throws(SystemError) -> [UInt8] {
        // A fifo would block, a device could do anything: first what it is, then the content of just that file.
        let place = try FileDescriptor.open(path, flags: O_PATH)
        guard try place.status().kind == .regular else { throw SystemError("openat", errno: EINVAL) }
        let file = try FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        guard try file.status().kind == .regular else { throw SystemError("openat", errno: EINVAL) }
        return try file.readAll(limit: limit)
    }
}
