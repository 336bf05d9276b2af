import Bytes
import OCI

/// What a container is called and where it comes from: what its record keeps and its hooks are told.
struct ContainerIdentity: Sendable {
    let id: ByteString
    let ociVersion: ByteString
    /// Absolute.
    let bundle: ByteString
    /// The path of the root file system on the host. Absolute.
    let rootfs: ByteString
    let annotations: [Annotation]

    /// The state that a hook reads: runtime.md, "State". `pid` is 0 where there is no process.
    func state(_ status: ContainerState.Status, pid: Int32) -> ContainerState {
        ContainerState(
            ociVersion: ociVersion, id: id, pid: pid, status: status, bundle: bundle, rootfs: rootfs, created: "",
            annotations: annotations, owner: "")
    }
}
