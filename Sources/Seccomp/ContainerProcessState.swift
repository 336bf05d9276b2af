public import Bytes
public import OCI

/// What an agent is told with a listener. See config-linux.md, "The Container Process State".
public struct ContainerProcessState: Sendable {
    /// The version of the specification that this follows: "1.3.0".
    public var ociVersion: ByteString
    /// The container process as the runtime sees it.
    public var pid: Int32
    /// `listenerMetadata` of the profile.
    public var metadata: ByteString?

    public init(ociVersion: ByteString, pid: Int32, metadata: ByteString?) {
        self.ociVersion = ociVersion
        self.pid = pid
        self.metadata = metadata
    }

    /// The object for the agent, which gets the one descriptor that it names. `state` writes the members of the container's state:
    /// runtime.md, "State".
    func json(state: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.member("ociVersion", ociVersion)
            $0.array("fds") { $0.element("seccompFd" as StaticString) }
            $0.member("pid", pid)
            if let metadata { $0.member("metadata", metadata) }
            $0.object("state", state)
        }
        return json.bytes
    }
}
