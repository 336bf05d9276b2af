import CHarness
import CLinux
import Testing

@testable import OCI
@testable import Seccomp

/// A child under a filter. Its end shows what the kernel made of the filter.
enum Child {
    enum End: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        /// The child didn't end within ten seconds.
        case hung
    }

    static let failedToLoad: Int32 = 125

    /// Forks a child that loads the profile's filter and then runs `body`, whose result is the exit status.
    static func end(under profile: Seccomp, _ body: (Int32) -> Int32) throws -> End {
        let program = try SeccompFilter.program(for: profile)
        let pid = h_fork()
        if pid == 0 {
            // A child that is killed on purpose must not leave a core file.
            _ = c_prlimit(0, Int32(RLIMIT_CORE.rawValue), 0, 0)
            _ = c_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            var listener: Int32 = -1
            do {
                if let descriptor = try program.load() { listener = descriptor.release() }
            } catch {
                _exit(failedToLoad)
            }
            _exit(body(listener))
        }
        try #require(pid > 0)
        return wait(for: pid)
    }

    /// The error number of a system call; 0 if the call succeeded.
    static func error(of number: Int32, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0) -> Int32 {
        h_call(Int(number), UInt(a), UInt(b), UInt(c)) == -1 ? c_errno() : 0
    }

    private static func wait(for pid: pid_t) -> End {
        var status: Int32 = 0
        for _ in 0..<1000 {
            if waitpid(pid, &status, WNOHANG) == pid {
                return h_exited(status) != 0 ? .exited(h_exit_status(status)) : .killed(signal: h_termination_signal(status))
            }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        return .hung
    }
}
