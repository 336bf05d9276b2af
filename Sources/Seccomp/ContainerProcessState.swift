public import Bytes

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
        var text: [UInt8] = []
        text.append("{\"ociVersion\":\"")
        append(ociVersion, to: &text)
        text.append("\",\"fds\":[\"seccompFd\"],\"pid\":")
        text += ByteString(decimal: pid).bytes
        if let metadata {
            text.append(",\"metadata\":\"")
            append(metadata, to: &text)
            text.append("\"")
        }
        text.append(",\"state\":")
        text += state
        text.append("}")
        return text
    }

    private func append(_ text: ByteString, to bytes: inout [UInt8]) {
        bytes.append(text.displayText, escaping: .json, limit: .max)
    }
}
