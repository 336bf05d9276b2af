import Bytes
import Errors
import Linux

/// The container's /etc/passwd, passwd(5). The container may have written anything there, so it's read with limits, and only if
/// it's a regular file.
enum PasswordFile {
    /// Bytes that are read at most: about 300,000 users.
    private static let limit = 16 << 20
    /// Bytes of a line at most. Longer lines, which other programs don't read either, are skipped.
    private static let longestLine = 4096

    /// The home directory of a user: nil if the file names no absolute path for that user.
    static func home(of uid: UInt32) -> ByteString? {
        guard let file = try? open("/etc/passwd") else { return nil }
        let user = ByteString(decimal: uid).bytes
        var left = limit
        // The beginning of a line that continues in the next part.
        var begun: [UInt8] = []
        while left > 0, let part = try? file.read(upTo: min(left, 64 * 1024)) {
            left -= part.count
            var rest = part[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if let entry = entry(begun.isEmpty ? rest[..<end] : begun[...] + rest[..<end], user) { return home(entry) }
                begun.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            if part.isEmpty { return entry(begun[...], user).flatMap(home) }
            // Of a line that is too long, one byte more than the limit is kept: enough to skip the line at its end.
            begun += rest.prefix(longestLine + 1 - min(begun.count, longestLine + 1))
        }
        return nil
    }

    private static func home(_ home: ByteString) -> ByteString? { home.hasPrefix("/") && !home.contains(0) ? home : nil }

    /// The home directory in a line: nil if the line is of another user than `user`, a decimal number.
    private static func entry(_ line: ArraySlice<UInt8>, _ user: [UInt8]) -> ByteString? {
        guard line.count <= longestLine else { return nil }
        let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count > 5, fields[2].elementsEqual(user) else { return nil }
        return ByteString(fields[5])
    }

    private static func open(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        // Opening a fifo would block, and opening a device could have any effect. So O_PATH tells first what the file is. The
        // kind is checked again after the second open, because the container may have replaced the file.
        let place = try FileDescriptor.open(path, flags: .path)
        guard try place.status().kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
        let file = try FileDescriptor.open(path, flags: [.readOnly, .nonBlocking, .noControllingTerminal])
        guard try file.status().kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
        return file
    }
}
