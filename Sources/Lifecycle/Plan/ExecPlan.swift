import Bytes
import Cgroups
import Linux
import OCI

/// All that `exec` decides before it makes a process.
struct ExecPlan {
    let id: ByteString
    /// The container's namespaces that the runtime isn't in itself.
    let namespaces: NamespaceKinds
    /// The container's root, where that isn't the root of a mount namespace of its own.
    let root: SharedDescriptor?
    /// Whether the container has a session keyring of its own.
    let joinsKeyring: Bool
    let process: ProcessPlan
    let affinity: Affinity
    /// nil for a container without one.
    let cgroup: CgroupRecord?
    /// `--cgroup [CONTROLLER[,CONTROLLER]:]PATH`: where in the container's cgroup the process goes.
    let subgroups: [ByteString]
    let announcement: Announcement

    func joins(_ kind: Namespace.Kind) -> Bool { namespaces.contains(kind.flag) }
}
