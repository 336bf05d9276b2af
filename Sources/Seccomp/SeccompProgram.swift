public import Bytes
public import Errors
public import Linux

/// A profile, ready for the kernel.
public struct SeccompProgram: Sendable {
    /// Classic BPF: `struct sock_filter`, eight bytes each, in the machine's byte order.
    public let instructions: [UInt8]
    /// All of them known to this kernel.
    public let flags: SystemCallFilter.Flags
    /// Loading it yields a descriptor that the agent at `listenerPath` must get, or every notified call fails with ENOSYS.
    public let needsListener: Bool
    /// What the profile asked for in vain and without harm: system calls and architectures that can't occur here. Sentences for people.
    public let warnings: [ByteString]

    /// The same in memory of its own, without the warnings.
    public func copied() -> SeccompProgram {
        SeccompProgram(
            instructions: instructions.withUnsafeBytes { Array($0) }, flags: flags, needsListener: needsListener, warnings: [])
    }

    /// Puts the filter in force for the calling thread and whatever it begets, for ever.
    ///
    /// Allocates nothing and frees nothing. Afterwards even memory management may be forbidden: arguments and environment of execve
    /// must stand ready, and the program's value must outlive the call.
    ///
    /// - Returns: the listener, close-on-exec, if the program needs one.
    public borrowing func load() throws(RuntimeError) -> FileDescriptor? {
        do throws(SystemError) {
            return try SystemCallFilter.load(instructions, flags: flags)
        } catch {
            // seccomp(2): EBUSY is for the listener alone.
            let reason = error.errno == .EBUSY ? ", since an outer runtime has the one listener that a process can have" : ""
            throw RuntimeError(
                .seccomp, "can't load the seccomp filter" + reason, error, pointer: "/linux/seccomp", hint: Self.hint(error.errno)
            )
        }
    }

    private static func hint(_ errno: Errno) -> String? {
        switch errno {
        case .EACCES: "set noNewPrivileges: without it, only a process with CAP_SYS_ADMIN may load a filter"
        case .EBUSY: "leave SCMP_ACT_NOTIFY to the outer runtime"
        case .ENOMEM: "shorten it: the filters of a process may have 32768 instructions together"
        default: nil
        }
    }
}
