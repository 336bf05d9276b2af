import Bytes
import CLinux
public import Errors
public import Linux

extension Cgroup {
    /// Whether the kernel has killed a process in it for want of memory: cgroup-v1/memory.rst, "oom_control", and
    /// admin-guide/cgroup-v2.rst, "memory.events".
    public func hasOOMKill() -> Bool {
        guard let group = group(of: .memory) else { return false }
        let file: ByteString = group.version == .v1 ? "/memory.oom_control" : "/memory.events"
        guard let text = try? FileDescriptor.open(group.place() + file, flags: O_RDONLY).readAll(limit: 4096) else {
            return false
        }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let (key, value) = ByteString(line).splitOnce(separator: UInt8(ascii: " ")), key == "oom_kill" else { continue }
            return value != "0"
        }
        return false
    }

    /// The same as `directoryForClone`, to be kept over several calls.
    public func sharedDirectoryForClone() throws(RuntimeError) -> SharedDescriptor? {
        guard let directory = try directoryForClone() else { return nil }
        return SharedDescriptor(directory)
    }
}
