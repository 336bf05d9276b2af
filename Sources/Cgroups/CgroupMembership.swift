public import Bytes

/// The cgroup of a process in one hierarchy.
public struct CgroupMembership: Equatable {
    /// Empty for cgroup v2.
    public let subsystems: ByteString
    /// From the root of the reader's cgroup namespace on.
    public let path: ByteString

    /// The lines of `/proc/PID/cgroup`, "ID:SUBSYSTEMS:PATH" each: cgroups(7).
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
