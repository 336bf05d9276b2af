public import Bytes
public import Errors

/// Where a container's cgroup is, below each hierarchy's mount point: config-linux.md, "Cgroups Path".
public struct CgroupPath: Equatable, Sendable {
    /// At least one; none is empty, "." or "..".
    public let components: [ByteString]

    /// Reads `linux.cgroupsPath`: absolute or relative, which is the same here. Where there is none, the cgroup is named after the
    /// container and goes below `base`, which begins with "/".
    public init(_ cgroupsPath: ByteString?, id: ByteString, base: ByteString = "/") throws(RuntimeError) {
        let text = cgroupsPath ?? base + "/" + id
        if CgroupPath.isSystemdForm(text) {
            throw RuntimeError(
                .invalidConfig,
                "the cgroup path " + text.quoted + " has the form slice:prefix:name, which only systemd understands",
                pointer: "/linux/cgroupsPath",
                hint: "set the engine's cgroup driver to cgroupfs, so that it gives a path")
        }
        try self.init(text: text)
    }

    init(text: ByteString) throws(RuntimeError) {
        let parts = text.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty && $0 != "." }
        for part in parts {
            // The kernel refuses line ends in names too; here it's known which text was meant.
            if part == ".." || part.contains(UInt8(ascii: "\n")) {
                throw RuntimeError(
                    .invalidConfig, "the cgroup path " + text.quoted + " holds " + (part == ".." ? "\"..\"" : "a line end"),
                    pointer: "/linux/cgroupsPath", hint: "give the path from the cgroup mount point down")
            }
        }
        guard !parts.isEmpty else {
            throw RuntimeError(
                .invalidConfig, "the cgroup path " + text.quoted + " is the root of the hierarchy", pointer: "/linux/cgroupsPath",
                hint: "a container needs a cgroup of its own, such as \"/name\"")
        }
        components = parts
    }

    /// From the mount point on, without "/" at its start.
    public var relative: ByteString { prefix(components.count) }

    /// The first `count` components.
    func prefix(_ count: Int) -> ByteString {
        Array(components.prefix(count)).joined(UInt8(ascii: "/"))
    }

    private static func isSystemdForm(_ text: ByteString) -> Bool {
        !text.contains(UInt8(ascii: "/")) && text.split(separator: UInt8(ascii: ":")).count == 3
    }
}
