public import Bytes

/// The state of a container, which `state` and `list` print and which hooks read. Source: runtime.md, "State".
public struct ContainerState: Sendable {
    /// The status of a container.
    public enum Status: Sendable {
        case creating, created, running, paused, stopped

        /// The name in the state's JSON.
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

    /// What is known about the end of a container that has stopped.
    public struct End: Sendable {
        /// The exit status of the first process.
        public var exitStatus: Int32?
        /// The signal that ended the first process.
        public var signal: Int32?
        /// Whether the kernel killed processes because memory ran out.
        public var outOfMemory: OutOfMemory?

        public init(exitStatus: Int32? = nil, signal: Int32? = nil, outOfMemory: OutOfMemory? = nil) {
            self.exitStatus = exitStatus
            self.signal = signal
            self.outOfMemory = outOfMemory
        }
    }

    /// That the kernel killed processes of a container because memory ran out.
    public struct OutOfMemory: Sendable, Equatable {
        /// The number of processes that were killed.
        public var kills: UInt64
        /// The container's own limit in bytes; nil if it has none.
        public var limit: UInt64?
        /// The most memory that the container used, in bytes; nil if the kernel doesn't tell.
        public var peak: UInt64?

        public init(kills: UInt64, limit: UInt64?, peak: UInt64?) {
            self.kills = kills
            self.limit = limit
            self.peak = peak
        }
    }

    public var ociVersion: ByteString
    public var id: ByteString
    /// The pid of the container's first process in the caller's pid namespace; 0 if there is no process.
    public var pid: Int32
    public var status: Status
    /// An absolute path.
    public var bundle: ByteString
    /// An absolute path.
    public var rootfs: ByteString
    /// The time of creation, in the format of RFC 3339 with nanoseconds.
    public var created: ByteString
    public var annotations: [Annotation]
    /// The name of the user who created the container.
    public var owner: ByteString
    /// nil if nothing is known.
    public var end: End?

    /// Makes a state.
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

extension ContainerState {
    /// The state as JSON, with runc's keys in runc's order.
    public func json(_ layout: JSONWriter.Layout) -> [UInt8] {
        var json = JSONWriter(layout)
        json.object { write(to: &$0) }
        return json.bytes
    }

    /// The states as a JSON array on one line. No states are `null`, as Go writes an empty list and engines expect it.
    public static func json(_ containers: [ContainerState]) -> [UInt8] {
        var json = JSONWriter(.compact)
        if containers.isEmpty {
            json.null()
        } else {
            json.array { json in
                for container in containers { json.object { container.write(to: &$0) } }
            }
        }
        return json.bytes
    }

    private func write(to json: inout JSONWriter) {
        json.member("ociVersion", ociVersion)
        json.member("id", id)
        json.member("pid", pid)
        json.member("status", status.name)
        json.member("bundle", bundle)
        json.member("rootfs", rootfs)
        json.member("created", created)
        if !annotations.isEmpty {
            json.object("annotations") { json in
                for annotation in annotations { json.member(named: annotation.key, annotation.value) }
            }
        }
        json.member("owner", owner)
        if let end { json.object("end") { end.write(to: &$0) } }
    }
}

extension ContainerState.End {
    fileprivate func write(to json: inout JSONWriter) {
        if let exitStatus { json.member("exitStatus", exitStatus) }
        if let signal { json.member("signal", signal) }
        guard let outOfMemory else { return }
        json.object("outOfMemory") { json in
            json.member("kills", outOfMemory.kills)
            if let limit = outOfMemory.limit { json.member("limit", limit) }
            if let peak = outOfMemory.peak { json.member("peak", peak) }
        }
    }
}
