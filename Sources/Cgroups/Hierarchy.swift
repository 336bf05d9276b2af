public import Bytes
import Errors
import Linux

/// One mounted hierarchy of cgroups.
public final class Hierarchy: Sendable {
    /// The version of cgroups.
    public enum Version: Sendable { case v1, v2 }

    public let version: Version

    /// The text between the colons of a line in /proc/self/cgroup, such as "cpu,cpuacct" or "name=systemd"; empty for v2.
    public let subsystems: ByteString

    /// The controllers of a v1 hierarchy; empty for v2, where each cgroup has its own (`Cgroup.controllers`).
    public let controllers: ControllerSet

    /// The absolute path at which the hierarchy is mounted on the host.
    public let mountPoint: ByteString

    /// The directory at `mountPoint` (`O_PATH`).
    let root: FileDescriptor

    init(version: Version, subsystems: ByteString, mountPoint: ByteString, root: consuming FileDescriptor) {
        self.version = version
        self.subsystems = subsystems
        self.controllers = Hierarchy.controllers(of: subsystems)
        self.mountPoint = mountPoint
        self.root = root
    }

    static func controllers(of subsystems: ByteString) -> ControllerSet {
        ControllerSet(names: subsystems.split(separator: UInt8(ascii: ",")), unified: false)
    }

    /// The controllers that a v2 hierarchy has at its root.
    func availableControllers() throws(RuntimeError) -> ControllerSet {
        let names = try explaining(
            .cgroup, "can't read the controllers of cgroup v2", path: mountPoint + "/cgroup.controllers",
            root.readFile("cgroup.controllers", isOneRecord: true))
        return ControllerSet(names: ByteString(names).words, unified: true)
    }
}
