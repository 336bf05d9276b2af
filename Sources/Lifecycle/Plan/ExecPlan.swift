import Bytes
import Cgroups
import Linux
import OCI
import Resctrl

/// Everything that `exec` decides before it makes a process.
struct ExecPlan {
    let id: ByteString
    /// The kinds of the container's namespaces that the process joins.
    let namespaces: NamespaceKinds
    /// The container's root. nil if the process joins a mount namespace, and so gets its root.
    let root: SharedDescriptor?
    /// Whether the container has a session keyring of its own.
    let joinsKeyring: Bool
    let process: ProcessPlan
    let affinity: Affinity
    /// The container's cgroup. nil if it has none.
    let cgroup: CgroupRecord?
    /// The container's resctrl group. nil if it has none.
    let resctrl: ResctrlRecord?
    /// `--cgroup [CONTROLLER[,CONTROLLER]:]PATH`: the cgroups below the container's that the process enters.
    let subgroups: [ByteString]
    let announcement: Announcement

    /// Whether the process joins the container's namespace of this kind.
    func joins(_ kind: Namespace.Kind) -> Bool { namespaces.contains(kind.flag) }
}
