public import Bytes

/// The cgroup of a process in one hierarchy.
public struct CgroupMembership: Equatable {
    /// The names of the hierarchy's controllers, or "name=…"; empty for cgroup v2.
    public let subsystems: ByteString
    /// The path from the root of the reader's cgroup namespace.
    public let path: ByteString

    /// Parses `/proc/PID/cgroup`, whose lines have the form "ID:SUBSYSTEMS:PATH": cgroups(7).
    ///
    /// - Parameter text: the content of the file.
    /// - Returns: an entry for each line. Lines of another form are left out.
    public static func parse(_ text: [UInt8]) -> [CgroupMembership] {
        var found: [CgroupMembership] = []
        text.withUnsafeBufferPointer { text in
            var start = 0
            while start < text.count {
                // The places of the first two colons and of the line's end.
                var colons = (-1, -1)
                var end = start
                while end < text.count, text[end] != UInt8(ascii: "\n") {
                    if text[end] == UInt8(ascii: ":"), colons.1 < 0 { colons = colons.0 < 0 ? (end, -1) : (colons.0, end) }
                    end += 1
                }
                if colons.1 >= 0 {
                    let subsystems = UnsafeBufferPointer(rebasing: text[(colons.0 + 1)..<colons.1])
                    let path = UnsafeBufferPointer(rebasing: text[(colons.1 + 1)..<end])
                    found.append(CgroupMembership(subsystems: ByteString(copying: subsystems), path: ByteString(copying: path)))
                }
                start = end + 1
            }
        }
        return found
    }
}
