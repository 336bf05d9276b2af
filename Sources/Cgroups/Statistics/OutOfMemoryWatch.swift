import Bytes
public import Errors
public import Linux

extension Cgroup {
    /// Begins to watch for processes that the kernel kills because the container is out of memory.
    ///
    /// - Returns: nil if the container has no memory controller.
    /// - Throws: `cgroup` if the kernel's files can't be opened.
    public func watchOutOfMemory() throws(RuntimeError) -> OutOfMemoryWatch? {
        guard let group = group(of: .memory) else { return nil }
        let file: ByteString = group.version == .v1 ? "memory.oom_control" : "memory.events"
        return try explaining(.cgroup, "can't watch the container's memory", path: group.place() + "/" + file) {
            () throws(SystemError) -> OutOfMemoryWatch? in
            let directory = try group.directory()
            guard try directory.has(file) else { return nil }
            let status = try directory.descriptor.open(file, flags: .readOnly)
            switch group.version {
            case .v1:
                let counter = try FileDescriptor.eventCounter()
                // Admin-guide/cgroup-v1/memory.rst, "OOM Control".
                try directory.write(
                    "cgroup.event_control", ByteString(decimal: counter.rawValue) + " " + ByteString(decimal: status.rawValue))
                return OutOfMemoryWatch(descriptor: counter, directory: directory, version: .v1, seen: 0)
            case .v2:
                let seen = KeyedValues(ByteString(try status.readAll(limit: 64 * 1024)))["oom_kill"] ?? 0
                return OutOfMemoryWatch(descriptor: status, directory: directory, version: .v2, seen: seen)
            }
        }
    }
}

/// A descriptor that becomes ready when the kernel reports an event of a container's memory.
public final class OutOfMemoryWatch {
    /// An event of the container's memory.
    public enum Event: Sendable {
        /// Memory ran out, and the kernel killed a process.
        case outOfMemory
        /// The cgroup is gone.
        case gone
    }

    private let descriptor: FileDescriptor
    private let directory: CgroupDirectory
    private let version: Hierarchy.Version
    private var seen: UInt64

    fileprivate init(
        descriptor: consuming FileDescriptor, directory: CgroupDirectory, version: Hierarchy.Version, seen: UInt64
    ) {
        self.descriptor = descriptor
        self.directory = directory
        self.version = version
        self.seen = seen
    }

    /// The request with which poll(2) waits for an event.
    public var pollRequest: PollRequest { PollRequest(descriptor.rawValue, version == .v1 ? .readable : .priority) }

    /// The events since the last call. Empty if poll(2) returned for another reason.
    public func take() -> [Event] {
        switch version {
        case .v1:
            guard descriptor.takeEventCount() != nil else { return [] }
            // The kernel also reports an event when the cgroup is removed.
            return (try? directory.has("cgroup.event_control")) == false ? [.gone] : [.outOfMemory]
        case .v2:
            guard (try? descriptor.rewind()) != nil, let text = try? descriptor.readAll(limit: 64 * 1024) else { return [.gone] }
            let kills = KeyedValues(ByteString(text))["oom_kill"] ?? 0
            defer { seen = kills }
            return kills > seen ? [.outOfMemory] : []
        }
    }
}
