public import CLinux
public import Errors

/// Filters on system calls. See seccomp(2).
public enum SystemCallFilter {
    /// The most instructions that the kernel takes in one program (BPF_MAXINSNS).
    public static let mostInstructions = 4096

    /// The bytes of one instruction, `struct sock_filter`.
    public static let instructionSize = 8

    /// Loads a program of classic BPF for the calling thread and all that it begets. Needs `no_new_privs` or CAP_SYS_ADMIN (EACCES).
    ///
    /// Allocates nothing: the filter is in force when this returns, and it may forbid what an allocator does.
    /// The corresponding system call is `seccomp` with `SECCOMP_SET_MODE_FILTER`.
    ///
    /// - Parameters:
    ///   - instructions: `struct sock_filter`, `mostInstructions` of them at most, in the machine's byte order.
    ///   - flags: `SECCOMP_FILTER_FLAG_*`.
    /// - Returns: the listener, close-on-exec, where `SECCOMP_FILTER_FLAG_NEW_LISTENER` asked for one.
    /// - Throws: EINVAL for a program that the kernel doesn't take, EACCES, EBUSY, ENOMEM. See seccomp(2).
    public static func load(_ instructions: [UInt8], flags: UInt32) throws(SystemError) -> FileDescriptor? {
        guard let count = UInt16(exactly: instructions.count / instructionSize) else {
            throw SystemError("seccomp", errno: EINVAL)
        }
        let result = instructions.withUnsafeBytes { c_seccomp_load($0.baseAddress, count, flags) }
        guard result >= 0 else { throw .last("seccomp") }
        guard flags & c_filter_flag_new_listener != 0 else { return nil }
        return FileDescriptor(adopting: result)
    }

    /// Whether the kernel knows these flags, `SECCOMP_FILTER_FLAG_*`. Changes nothing.
    public static func knows(flags: UInt32) -> Bool {
        _ = c_seccomp_try_flags(flags)
        return c_errno() != EINVAL
    }
}
