public import Bytes

/// What is kept of a container's resctrl group between two commands.
public struct ResctrlRecord: Equatable, Sendable {
    /// The root of the resctrl file system.
    public var path: ByteString
    /// The group's name; "/" for the default group.
    public var group: ByteString
    /// Whether the group was made for this container alone.
    public var isMade: Bool
    /// The name of the container's monitoring group. nil if it has none.
    public var monitoring: ByteString?

    public init(path: ByteString, group: ByteString, isMade: Bool, monitoring: ByteString?) {
        self.path = path
        self.group = group
        self.isMade = isMade
        self.monitoring = monitoring
    }
}

extension ResctrlGroup {
    /// The group of a record. nil if the resctrl file system isn't mounted there any longer.
    public init?(_ record: ResctrlRecord) {
        guard let fileSystem = ResctrlFileSystem(at: record.path) else { return nil }
        self.init(record.group, monitoring: record.monitoring, in: fileSystem)
    }
}
