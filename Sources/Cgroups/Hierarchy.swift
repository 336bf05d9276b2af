public import Bytes
import Errors
import Linux

/// One mounted tree of cgroups.
public final class Hierarchy: Sendable {
    public enum Version: Sendable { case v1, v2 }

    public let version: Version

    /// What /proc/self/cgroup has between its colons: "cpu,cpuacct", "name=systemd"; empty for v2.
    public let subsystems: ByteString

    /// The controllers of a v1 hierarchy. Which ones v2 has is a matter of each cgroup: see `Cgroup.controllers`.
    public let controllers: ControllerSet

    /// Where it's mounted on the host.
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

    /// What a v2 hierarchy offers at its root.
    func availableControllers() throws(RuntimeError) -> ControllerSet {
        let names = try explaining(
            .cgroup, "can't read the controllers of cgroup v2", path: mountPoint + "/cgroup.controllers",
            root.readFile("cgroup.controllers"))
        return ControllerSet(names: ByteString(names).words, unified: true)
    }
}
