import CLinux

/// Flags of clone3(2) other than those for namespaces.
public struct CloneFlags: OptionSet, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `CLONE_PARENT`: the new process is a child of the caller's parent.
    public static var sibling: CloneFlags { CloneFlags(rawValue: c_clone_parent) }
    /// `CLONE_VM`: the new process shares the caller's memory.
    public static var memory: CloneFlags { CloneFlags(rawValue: c_clone_memory) }
}

/// Kinds of namespaces, as clone3(2), unshare(2) and setns(2) take them. See namespaces(7).
public struct NamespaceKinds: OptionSet, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `CLONE_NEWNS`
    public static var mount: NamespaceKinds { NamespaceKinds(rawValue: c_new_mount) }
    /// `CLONE_NEWCGROUP`
    public static var cgroup: NamespaceKinds { NamespaceKinds(rawValue: c_new_cgroup) }
    /// `CLONE_NEWUTS`
    public static var uts: NamespaceKinds { NamespaceKinds(rawValue: c_new_uts) }
    /// `CLONE_NEWIPC`
    public static var ipc: NamespaceKinds { NamespaceKinds(rawValue: c_new_ipc) }
    /// `CLONE_NEWUSER`
    public static var user: NamespaceKinds { NamespaceKinds(rawValue: c_new_user) }
    /// `CLONE_NEWPID`
    public static var pid: NamespaceKinds { NamespaceKinds(rawValue: c_new_pid) }
    /// `CLONE_NEWNET`
    public static var network: NamespaceKinds { NamespaceKinds(rawValue: c_new_network) }
    /// `CLONE_NEWTIME`
    public static var time: NamespaceKinds { NamespaceKinds(rawValue: c_new_time) }
}
