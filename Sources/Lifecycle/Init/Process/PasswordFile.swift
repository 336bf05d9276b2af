import Bytes
import Errors
import Linux

/// The container's /etc/passwd, which the container may have written: read with limits, and only if it is a file.
enum PasswordFile {
    /// Bytes that are looked through at most: some 300,000 users.
    private static let limit = 16 << 20
    /// Bytes of a line. Longer ones, which other programs don't read either, are passed over.
    private static let longestLine = 4096

    static func home(of uid: UInt32) -> ByteString? {
        guard let file = try? open("/etc/passwd") else { return nil }
        let user = ByteString(decimal: uid).bytes
        var left = limit
        // The beginning of a line that goes on in the next part.
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
            // Of a line that is too long this much is kept, so that it stays too long.
            begun += rest.prefix(longestLine + 1 - min(begun.count, longestLine + 1))
        }
        return nil
    }

    private static func home(_ home: ByteString) -> ByteString? { home.hasPrefix("/") && !home.contains(0) ? home : nil }

    /// The home that a line names, if it's the line of the user with the number in `user`.
    private static func entry(_ line: ArraySlice<UInt8>, _ user: [UInt8]) -> ByteString? {
        guard line.count <= longestLine else { return nil }
        let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count > 5, fields[2].elementsEqual(user) else { return nil }
        return ByteString(fields[5])
    }

    private static func open(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        // A fifo would block, a device could do anything: first what it is, then the content of just that file.
        let place = try FileDescriptor.open(path, flags: .path)
        guard try place.status().kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
        let file = try FileDescriptor.open(path, flags: [.readOnly, .nonBlocking, .noControllingTerminal])
        guard try file.status().kind == .regular else { throw SystemError("openat", errno: .EINVAL) }
        return file
    }
}
