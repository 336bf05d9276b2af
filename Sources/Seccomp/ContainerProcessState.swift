public import Bytes
import OCI

/// What an agent is told with a listener. See config-linux.md, "The Container Process State".
public struct ContainerProcessState: Sendable {
    /// The version of the specification that this follows: "1.3.0".
    public var ociVersion: ByteString
    /// The container process as the runtime sees it.
    public var pid: Int32
    /// `listenerMetadata` of the profile.
    public var metadata: ByteString?
    /// The state of the container, a JSON object. See runtime.md, "State".
    public var state: [UInt8]

    public init(ociVersion: ByteString, pid: Int32, metadata: ByteString?, state: [UInt8]) {
        self.ociVersion = ociVersion
        self.pid = pid
        self.metadata = metadata
        self.state = state
    }

    /// The object for the agent, which gets the one descriptor that it names.
    var json: [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.member("ociVersion", ociVersion)
            $0.array("fds") { $0.element("seccompFd" as StaticString) }
            $0.member("pid", pid)
            if let metadata { $0.member("metadata", metadata) }
        }
        var text = json.bytes
        // The state is JSON already: it takes the place of the brace at the end.
        text.removeLast()
        text.append(",\"state\":")
        text += state
        text.append("}")
        return text
    }
}
