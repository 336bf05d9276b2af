import Bytes
import CLinux

/// Whether this process is in another user namespace than the host's first one: only there do all ids stand for themselves.
/// Source: user_namespaces(7). Where /proc can't tell, it's taken for the first.
public func isInUserNamespace() -> Bool {
    guard let map = try? FileDescriptor.open("/proc/self/uid_map", flags: .readOnly).readAll(limit: 1 << 16) else { return false }
    return isPart(map)
}

/// Whether the text of a uid_map leaves ids out, or gives them other numbers. The kernel writes each with "%10u".
func isPart(_ map: [UInt8]) -> Bool { ByteString(map) != "         0          0 4294967295\n" }
