import Bytes
import CLinux
import Linux

/// A shell with no signal blocked: the test runner's threads block most signals, and children inherit that.
final class Child {
    let pid: Int32
    private let handle: SharedDescriptor
    private var ended: ExitStatus?

    init(shell program: ByteString) throws {
        let words: [ByteString] = ["sh", "-c", program]
        let arguments = words.map { $0.withCString { strdup($0) } } + [nil]
        defer { for argument in arguments { free(argument) } }
        var nothing: sigset_t = sigset_t()
        sigemptyset(&nothing)
        var noEnvironment: UnsafeMutablePointer<CChar>?
        var pidfd: Int32 = -1
        let child = arguments.withUnsafeBufferPointer { arguments in
            // Other threads are running, so between clone and execve the child must not do anything that takes a lock.
            let child = c_clone3(c_clone_pidfd, &pidfd, -1, nil)
            if child == 0 {
                sigprocmask(SIG_SETMASK, &nothing, nil)
                if let start = arguments.baseAddress { _ = execve("/bin/sh", start, &noEnvironment) }
                _exit(127)
            }
            return child
        }
        guard child > 0 else { throw Failure.clone }
        pid = child
        handle = SharedDescriptor(FileDescriptor(adopting: pidfd))
    }

    private enum Failure: Error { case clone }

    /// Waits for the child's end. Returns nil if the child still runs after this time.
    func status(within milliseconds: Int) -> ExitStatus? {
        if let ended { return ended }
        guard waitReadable(handle.rawValue, until: Deadline(milliseconds: milliseconds)) else { return nil }
        var status: Int32 = 0
        guard c_wait_pidfd(handle.rawValue, &status) == 0 else { return nil }
        ended = c_signaled(status) != 0 ? .killed(signal: c_termination_signal(status)) : .exited(c_exit_status(status))
        return ended
    }

    func send(_ signal: Int32) { _ = c_pidfd_send_signal(handle.rawValue, signal) }

    func end() {
        guard status(within: 0) == nil else { return }
        send(SIGKILL)
        _ = status(within: 5000)
    }
}
