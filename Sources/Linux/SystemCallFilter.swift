import CLinux
public import Errors

/// Filters on system calls. See seccomp(2).
public enum SystemCallFilter {
    /// The maximum number of instructions in one program (`BPF_MAXINSNS`).
    public static let mostInstructions = 4096

    /// `AUDIT_ARCH_*` of this program's calls, as the kernel passes it to filters.
    public static var architecture: UInt32 { c_audit_arch }

    /// The size of one instruction (`struct sock_filter`) in bytes.
    public static let instructionSize = 8

    /// `SECCOMP_FILTER_FLAG_*`
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// `SECCOMP_FILTER_FLAG_TSYNC`
        public static var tsync: Flags { Flags(rawValue: c_filter_flag_tsync) }
        /// `SECCOMP_FILTER_FLAG_LOG`
        public static var log: Flags { Flags(rawValue: c_filter_flag_log) }
        /// `SECCOMP_FILTER_FLAG_SPEC_ALLOW`
        public static var specAllow: Flags { Flags(rawValue: c_filter_flag_spec_allow) }
        /// `SECCOMP_FILTER_FLAG_NEW_LISTENER`
        public static var newListener: Flags { Flags(rawValue: c_filter_flag_new_listener) }
        /// `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV`
        public static var waitKillableReceive: Flags { Flags(rawValue: c_filter_flag_wait_killable_receive) }
    }

    /// Loads a program of classic BPF for the calling thread and its future children. Needs `no_new_privs` or CAP_SYS_ADMIN
    /// (EACCES).
    ///
    /// It allocates no memory: the filter is in force when this function returns, and may forbid the allocator's system calls.
    /// The corresponding system call is `seccomp` with `SECCOMP_SET_MODE_FILTER`.
    ///
    /// - Parameters:
    ///   - instructions: `struct sock_filter`, `mostInstructions` of them at most, in the machine's byte order.
    ///   - flags: options of the filter.
    /// - Returns: the listener, close-on-exec, where `newListener` asked for one.
    /// - Throws: EINVAL for a program that the kernel doesn't take, EACCES, EBUSY, ENOMEM. See seccomp(2).
    public static func load(_ instructions: [UInt8], flags: Flags) throws(SystemError) -> FileDescriptor? {
        guard let count = UInt16(exactly: instructions.count / instructionSize) else {
            throw SystemError("seccomp", errno: .EINVAL)
        }
        let result = instructions.withUnsafeBytes { c_seccomp_load($0.baseAddress, count, flags.rawValue) }
        guard result >= 0 else { throw .last("seccomp") }
        guard flags.contains(.newListener) else { return nil }
        return FileDescriptor(adopting: result)
    }

    /// Whether the kernel knows these flags. Changes nothing.
    public static func knows(_ flags: Flags) -> Bool {
        _ = c_seccomp_try_flags(flags.rawValue)
        return Errno.last != .EINVAL
    }
}

/// Numbers of system calls on this machine. Before a filter is loaded, it's searched for rules about these calls.
public enum SystemCallNumber {
    public static var accept4: Int32 { Int32(SYS_accept4) }
    public static var capget: Int32 { Int32(SYS_capget) }
    public static var capset: Int32 { Int32(SYS_capset) }
    public static var chdir: Int32 { Int32(SYS_chdir) }
    public static var clone: Int32 { Int32(SYS_clone) }
    public static var clockGettime: Int32 { Int32(SYS_clock_gettime) }
    public static var close: Int32 { Int32(SYS_close) }
    public static var closeRange: Int32 { Int32(SYS_close_range) }
    public static var execve: Int32 { Int32(SYS_execve) }
    public static var exitGroup: Int32 { Int32(SYS_exit_group) }
    public static var getcwd: Int32 { Int32(SYS_getcwd) }
    public static var getgid: Int32 { Int32(SYS_getgid) }
    public static var getpid: Int32 { Int32(SYS_getpid) }
    public static var getuid: Int32 { Int32(SYS_getuid) }
    public static var ioctl: Int32 { Int32(SYS_ioctl) }
    public static var mmap: Int32 { Int32(SYS_mmap) }
    public static var munmap: Int32 { Int32(SYS_munmap) }
    public static var newfstatat: Int32 { Int32(SYS_newfstatat) }
    public static var personality: Int32 { Int32(SYS_personality) }
    public static var prctl: Int32 { Int32(SYS_prctl) }
    public static var prlimit64: Int32 { Int32(SYS_prlimit64) }
    public static var recvmsg: Int32 { Int32(SYS_recvmsg) }
    public static var rtSigaction: Int32 { Int32(SYS_rt_sigaction) }
    public static var rtSigprocmask: Int32 { Int32(SYS_rt_sigprocmask) }
    public static var rtSigreturn: Int32 { Int32(SYS_rt_sigreturn) }
    public static var schedSetattr: Int32 { Int32(SYS_sched_setattr) }
    public static var sendmsg: Int32 { Int32(SYS_sendmsg) }
    public static var setgroups: Int32 { Int32(SYS_setgroups) }
    public static var setresgid: Int32 { Int32(SYS_setresgid) }
    public static var setresuid: Int32 { Int32(SYS_setresuid) }
    public static var setsid: Int32 { Int32(SYS_setsid) }
    public static var sigaltstack: Int32 { Int32(SYS_sigaltstack) }
    public static var umask: Int32 { Int32(SYS_umask) }
    public static var write: Int32 { Int32(SYS_write) }

    // The calls that the C library's functions of these names make. On arm64 the kernel has only the newer calls.
    #if arch(arm64)
        public static var dup2: Int32 { Int32(SYS_dup3) }
        public static var poll: Int32 { Int32(SYS_ppoll) }
        public static var stat: Int32 { Int32(SYS_newfstatat) }
    #else
        public static var dup2: Int32 { Int32(SYS_dup2) }
        public static var poll: Int32 { Int32(SYS_poll) }
        public static var stat: Int32 { Int32(SYS_stat) }
    #endif
}
