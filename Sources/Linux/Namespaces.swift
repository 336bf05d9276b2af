import Bytes
public import CLinux
public import Errors

extension FileDescriptor {
    /// Moves this thread, or its children, into the namespace that the descriptor stands for. With flags of several kinds the
    /// descriptor is a pidfd. The corresponding system call is `setns`.
    public borrowing func enterNamespace(_ flags: UInt64) throws(SystemError) {
        guard c_setns(rawValue, Int32(truncatingIfNeeded: flags)) == 0 else { throw .last("setns") }
    }

    /// The kind of namespace that a file of nsfs stands for, as a CLONE_NEW… flag: nil for any other file. See ioctl_ns(2).
    public borrowing func namespaceKind() -> UInt64? {
        guard (try? fileSystemMagic()) == 0x6E73_6673 else { return nil }
        let kind = c_namespace_kind(rawValue)
        return kind < 0 ? nil : UInt64(kind)
    }
}

/// Makes new namespaces for this process. The corresponding system call is `unshare`.
public func unshare(_ flags: UInt64) throws(SystemError) {
    guard c_unshare(flags) == 0 else { throw .last("unshare") }
}
