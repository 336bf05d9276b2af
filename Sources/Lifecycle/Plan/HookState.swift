import Bytes
import OCI

extension ContainerState {
    static func forHook(_ plan: Plan, pid: Int32, status: Status) -> ContainerState {
        ContainerState(
            ociVersion: plan.config.ociVersion, id: plan.options.id, pid: pid, status: status, bundle: plan.bundle,
            rootfs: plan.rootfs,
            created: "", annotations: plan.config.annotations, owner: "")
    }
}
