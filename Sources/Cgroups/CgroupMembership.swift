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
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let (_, rest) = ByteString(line).splitOnce(separator: UInt8(ascii: ":")),
                let (subsystems, path) = rest.splitOnce(separator: UInt8(ascii: ":"))
            else { continue }
            found.append(CgroupMembership(subsystems: subsystems, path: path))
        }
        return found
    }
}
