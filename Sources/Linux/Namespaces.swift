import CLinux
public import Errors

extension FileDescriptor {
    /// Moves this thread, or its children, into the namespace that the descriptor stands for. With several kinds the descriptor is a
    /// pidfd. The corresponding system call is `setns`.
    public borrowing func enterNamespace(_ kinds: NamespaceKinds) throws(SystemError) {
        guard c_setns(rawValue, Int32(truncatingIfNeeded: kinds.rawValue)) == 0 else { throw .last("setns") }
    }

    /// The kind of namespace that a file of nsfs stands for: nil for any other file. See ioctl_ns(2).
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
