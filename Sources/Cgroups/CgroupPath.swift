public import Bytes
public import Errors

/// The path of a container's cgroup below the mount point of each hierarchy: config-linux.md, "Cgroups Path".
public struct CgroupPath: Equatable, Sendable {
    /// The components, at least one. None is empty, "." or "..".
    public let components: [ByteString]

    /// The path relative to the mount point.
    public let relative: ByteString

    /// Reads `linux.cgroupsPath`. Absolute and relative paths mean the same here.
    ///
    /// - Parameters:
    ///   - cgroupsPath: the property; nil if the configuration has none.
    ///   - id: the container's id, which is the cgroup's name if the configuration has no path.
    ///   - base: the parent of the cgroup if the configuration has no path. It begins with "/".
    /// - Throws: `invalidConfig` if the text isn't a path, or names the root of the hierarchy.
    public init(_ cgroupsPath: ByteString?, id: ByteString, base: ByteString = "/") throws(RuntimeError) {
        let text = cgroupsPath ?? base + "/" + id
        if CgroupPath.isSystemdForm(text) {
            throw RuntimeError(
                .invalidConfig,
                "the cgroup path " + text.quoted + " has the form slice:prefix:name, which only systemd understands",
                pointer: "/linux/cgroupsPath",
                hint: "let systemd make the cgroup: --systemd-cgroup; or set the engine's cgroup driver to cgroupfs")
        }
        try self.init(text: text)
    }

    /// Reads the path of a cgroup that isn't chosen by the configuration.
    ///
    /// - Parameter text: The path below the mount points.
    /// - Throws: `invalidConfig` if the text isn't a path, or names the root of the hierarchy.
    public init(text: ByteString) throws(RuntimeError) {
        let parts = text.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty && $0 != "." }
        for part in parts {
            // The kernel refuses line ends in names too, but here the message can name the property.
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
        self.init(components: parts)
    }

    /// The path of components that have been checked already.
    init(components: [ByteString]) {
        self.components = components
        relative = components.joined(UInt8(ascii: "/"))
    }

    /// The path of the first `count` components.
    func prefix(_ count: Int) -> ByteString {
        count >= components.count ? relative : Array(components.prefix(count)).joined(UInt8(ascii: "/"))
    }

    private static func isSystemdForm(_ text: ByteString) -> Bool {
        !text.contains(UInt8(ascii: "/")) && text.split(separator: UInt8(ascii: ":")).count == 3
    }
}
