import Bytes
import OCI

/// A container's id and origin, which its record keeps and its hooks are told.
struct ContainerIdentity: Sendable {
    let id: ByteString
    let ociVersion: ByteString
    /// The absolute path of the bundle.
    let bundle: ByteString
    /// The absolute path of the root file system on the host.
    let rootfs: ByteString
    let annotations: [Annotation]

    /// The state that a hook reads: runtime.md, "State".
    ///
    /// - Parameters:
    ///   - status: The container's status.
    ///   - pid: The pid of the first process. 0 if there is none.
    /// - Returns: The state, without the fields `created` and `owner`.
    func state(_ status: ContainerState.Status, pid: Int32) -> ContainerState {
        ContainerState(
            ociVersion: ociVersion, id: id, pid: pid, status: status, bundle: bundle, rootfs: rootfs, created: "",
            annotations: annotations, owner: "")
    }
}
