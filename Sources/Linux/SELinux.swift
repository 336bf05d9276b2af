public import Bytes
import CLinux
public import Errors

/// The security module SELinux, through its file system selinuxfs. See selinux(8).
public enum SELinux {
    /// Asks the kernel for its own form of a label: it orders the categories, and has one name for a type with several. In this
    /// form the kernel shows the label where it's set.
    ///
    /// - Parameter label: The label, `user:role:type:level`.
    /// - Returns: The kernel's form, or the label itself if this process may not ask. nil if SELinux isn't enabled: there is no
    ///   selinuxfs, no policy is loaded, or selinuxfs is read-only, as it is in a container.
    /// - Throws: EINVAL if the label is invalid under the loaded policy.
    public static func canonical(_ label: ByteString) throws(SystemError) -> ByteString? {
        do throws(SystemError) {
            let file = try FileDescriptor.open("/sys/fs/selinux/context", flags: .readWrite)
            guard try file.fileSystemMagic() == .selinux else { return nil }
            guard write(file.rawValue, label.bytes, label.count) == label.count else { throw .last("write") }
            let answer = ByteString(try file.read(upTo: 4096).prefix { $0 != 0 })
            // Without a policy the kernel takes every label for "kernel".
            return answer.bytes.contains(UInt8(ascii: ":")) ? answer : nil
        } catch  where error.errno == .EACCES {
            return label
        } catch  where error.errno == .ENOENT || error.errno == .ENOTDIR || error.errno == .EROFS {
            return nil
        }
    }
}

extension FileDescriptor {
    /// Gives the open file an SELinux label. Files that take none keep theirs. The corresponding C function is `fsetxattr`.
    public borrowing func setLabel(_ label: ByteString) throws(SystemError) {
        guard fsetxattr(rawValue, "security.selinux", label.bytes, label.count, 0) != 0, Errno.last != .EOPNOTSUPP else { return }
        throw .last("fsetxattr")
    }
}
