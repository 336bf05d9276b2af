public import Bytes
public import Errors
public import Linux

/// A filter that can be loaded into the kernel.
public struct SeccompProgram: Sendable {
    /// Classic BPF: `struct sock_filter`, eight bytes each, in the machine's byte order.
    public let instructions: [UInt8]
    /// The flags for seccomp(2). The running kernel knows all of them.
    public let flags: SystemCallFilter.Flags
    /// Whether loading the filter yields a listener. The agent at `listenerPath` must get it; otherwise every call with the
    /// action `SCMP_ACT_NOTIFY` fails with ENOSYS.
    public let needsListener: Bool
    /// Sentences for people: the system calls and architectures that were left out because they can't occur here, and why the
    /// filter couldn't be cached.
    public let warnings: [ByteString]

    /// A copy that shares no memory with this value, without the warnings.
    public func copied() -> SeccompProgram {
        SeccompProgram(
            instructions: instructions.withUnsafeBytes { Array($0) }, flags: flags, needsListener: needsListener, warnings: [])
    }

    /// Loads the filter for the calling thread, its future threads and its future child processes. It can't be removed again.
    ///
    /// The function neither allocates nor frees memory. Afterwards the filter may forbid even that: the arguments and
    /// environment for execve must be ready before, and this value must outlive the call.
    ///
    /// - Returns: the listener, close-on-exec, if the program needs one.
    /// - Throws: `seccomp` if the kernel refuses the filter.
    public borrowing func load() throws(RuntimeError) -> FileDescriptor? {
        do throws(SystemError) {
            return try SystemCallFilter.load(instructions, flags: flags)
        } catch {
            // seccomp(2): only a listener leads to EBUSY.
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
