public import Bytes

/// The state of a container, as `state` and `list` show it and hooks get it. Source: runtime.md, "State".
public struct ContainerState: Sendable {
    public enum Status: Sendable {
        case creating, created, running, paused, stopped

        public var name: StaticString {
            switch self {
            case .creating: "creating"
            case .created: "created"
            case .running: "running"
            case .paused: "paused"
            case .stopped: "stopped"
            }
        }
    }

    public var ociVersion: ByteString
    public var id: ByteString
    /// Of the first process, in the caller's pid namespace: 0 where there is none.
    public var pid: Int32
    public var status: Status
    /// Absolute.
    public var bundle: ByteString
    /// Absolute.
    public var rootfs: ByteString
    /// When it was created: RFC 3339 with nanoseconds.
    public var created: ByteString
    public var annotations: [Annotation]
    /// The name of the user whose it is.
    public var owner: ByteString

    public init(
        ociVersion: ByteString, id: ByteString, pid: Int32, status: Status, bundle: ByteString, rootfs: ByteString,
        created: ByteString, annotations: [Annotation], owner: ByteString
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.pid = pid
        self.status = status
        self.bundle = bundle
        self.rootfs = rootfs
        self.created = created
        self.annotations = annotations
        self.owner = owner
    }
}
