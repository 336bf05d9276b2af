import OCI
import Cgroups
import OCI

/// The container's cgroups as its own file system shows them.
struct CgroupView: Sendable {
    let mountPoints: [CgroupMountPoint]
    /// Whether the host has cgroup v2 alone, directly on /sys/fs/cgroup.
    let isUnifiedHost: Bool
    let hasOwnNamespace: Bool
}

extension CgroupView {
    /// The view of a container that is there already.
    init(of cgroup: Cgroup?, _ namespaces: NamespacePlan, isUnifiedHost: Bool) {
        self.init(
            mountPoints: cgroup?.mountPoints ?? [], isUnifiedHost: isUnifiedHost,
            hasOwnNamespace: namespaces.origin(of: .cgroup) == .new)
    }
}
