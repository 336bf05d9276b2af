public import Bytes

/// The path of a cgroup below another one.
public struct CgroupSubpath: Equatable, Sendable {
    /// The components. None is empty, "." or "..".
    public let components: [ByteString]

    /// Reads a path, which may begin with "/". Gives nil if the path could lead out of the upper cgroup, or has a line end, which
    /// no name of a cgroup can have.
    ///
    /// - Parameter text: The path.
    public init?(_ text: ByteString) {
        components = text.split(separator: UInt8(ascii: "/")).filter { !$0.isEmpty && $0 != "." }
        guard !components.contains(where: { $0 == ".." || $0.contains(UInt8(ascii: "\n")) }) else { return nil }
    }

    /// The path without "/" at its ends.
    public var text: ByteString { prefix(components.count) }

    /// The path of the first `count` components.
    func prefix(_ count: Int) -> ByteString { Array(components.prefix(count)).joined(UInt8(ascii: "/")) }
}

extension CgroupPath {
    /// The path of a cgroup below this one.
    public func appending(_ subpath: CgroupSubpath) -> CgroupPath {
        CgroupPath(components: components + subpath.components)
    }
}
