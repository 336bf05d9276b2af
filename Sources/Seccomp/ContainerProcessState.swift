public import Bytes
import OCI

/// The message that an agent gets together with a listener. See config-linux.md, "The Container Process State".
public struct ContainerProcessState: Sendable {
    /// The version of the specification that the message follows, such as "1.3.0".
    public var ociVersion: ByteString
    /// The pid of the container process in the runtime's pid namespace.
    public var pid: Int32
    /// `listenerMetadata` of the profile.
    public var metadata: ByteString?
    /// The state of the container, a JSON object. See runtime.md, "State".
    public var state: [UInt8]

    /// Makes the message.
    public init(ociVersion: ByteString, pid: Int32, metadata: ByteString?, state: [UInt8]) {
        self.ociVersion = ociVersion
        self.pid = pid
        self.metadata = metadata
        self.state = state
    }

    /// The message as JSON. `fds` names the one descriptor that is sent with it.
    var json: [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.member("ociVersion", ociVersion)
            $0.array("fds") { $0.element("seccompFd" as StaticString) }
            $0.member("pid", pid)
            if let metadata { $0.member("metadata", metadata) }
        }
        var text = json.bytes
        // The state is JSON already, so it is inserted as text before the closing brace.
        text.removeLast()
        text.append(",\"state\":")
        text += state
        text.append("}")
        return text
    }
}
