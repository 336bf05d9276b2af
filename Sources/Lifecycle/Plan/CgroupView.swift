import OCI
import Cgroups
import OCI

/// The container's cgroups as a mount of type cgroup shows them in the container.
struct CgroupView: Sendable {
    let mountPoints: [CgroupMountPoint]
    /// Whether the host has only cgroup v2, mounted on /sys/fs/cgroup.
    let isUnifiedHost: Bool
    let hasOwnNamespace: Bool
}

extension CgroupView {
    /// The view of a container whose cgroup has been made. `cgroup` is nil for a container without one.
    init(of cgroup: Cgroup?, _ namespaces: NamespacePlan, isUnifiedHost: Bool) {
        self.init(
            mountPoints: cgroup?.mountPoints ?? [], isUnifiedHost: isUnifiedHost,
            hasOwnNamespace: namespaces.origin(of: .cgroup) == .new)
    }
}
