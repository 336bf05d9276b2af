import Bytes
import CLinux

/// Whether this process is in a user namespace other than the host's initial one, the only one in which all ids are mapped to
/// themselves. See user_namespaces(7). False if /proc can't tell.
public func isInUserNamespace() -> Bool {
    guard let map = try? FileDescriptor.open("/proc/self/uid_map", flags: .readOnly).readAll(limit: 1 << 16) else { return false }
    return isPart(map)
}

/// Whether the text of a uid_map leaves ids out or maps them to other numbers. The kernel writes each number with "%10u".
func isPart(_ map: [UInt8]) -> Bool { ByteString(map) != "         0          0 4294967295\n" }
