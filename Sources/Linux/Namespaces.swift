import CLinux
public import Errors

extension FileDescriptor {
    /// Moves this thread, or for a pid namespace its future children, into the namespace that this descriptor refers to. For
    /// several kinds at once the descriptor must be a pidfd. The corresponding system call is `setns`.
    public borrowing func enterNamespace(_ kinds: NamespaceKinds) throws(SystemError) {
        guard c_setns(rawValue, Int32(truncatingIfNeeded: kinds.rawValue)) == 0 else { throw .last("setns") }
    }

    /// The kind of namespace that this file of nsfs refers to; nil for any other file. See ioctl_ns(2).
    public borrowing func namespaceKind() -> NamespaceKinds? {
        guard (try? fileSystemMagic()) == .nsfs else { return nil }
        let kind = c_namespace_kind(rawValue)
        return kind < 0 ? nil : NamespaceKinds(rawValue: UInt64(kind))
    }
}

/// Makes new namespaces for this process. The corresponding system call is `unshare`.
public func unshare(_ kinds: NamespaceKinds) throws(SystemError) {
    guard c_unshare(kinds.rawValue) == 0 else { throw .last("unshare") }
}
