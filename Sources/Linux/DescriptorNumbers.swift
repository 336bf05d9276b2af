public import Bytes
import CLinux
public import Errors

/// Functions for descriptors that the program doesn't own and must not close: the standard streams and those that the caller
/// passes.
extension FileDescriptor {
    public static var standardInput: Int32 { STDIN_FILENO }
    public static var standardOutput: Int32 { STDOUT_FILENO }
    public static var standardError: Int32 { STDERR_FILENO }

    /// Another descriptor of the same open file, close-on-exec, with the lowest free number from `lowest` on. The corresponding
    /// C function is `fcntl` with `F_DUPFD_CLOEXEC`.
    @inline(never)
    public static func duplicate(_ number: Int32, from lowest: Int32 = 3) throws(SystemError) -> FileDescriptor {
        try .checked("fcntl", c_fcntl(number, F_DUPFD_CLOEXEC, lowest))
    }

    /// Makes `target` another descriptor of the open file, one that execve doesn't close. If `target` is open, it's closed
    /// first. The corresponding C function is `dup2`.
    @inline(never)
    public static func duplicate(_ number: Int32, onto target: Int32) throws(SystemError) {
        guard dup2(number, target) >= 0 else { throw .last("dup2") }
    }

    /// Whether a descriptor with this number is open.
    public static func isOpen(_ number: Int32) -> Bool { c_fcntl(number, F_GETFD, 0) >= 0 }

    /// Makes execve close the descriptor (`FD_CLOEXEC`).
    public static func closeOnExecution(_ number: Int32) { _ = c_fcntl(number, F_SETFD, FD_CLOEXEC) }

    /// The flags that the file was opened with. The corresponding C function is `fcntl` with `F_GETFL`.
    public static func openFlags(of number: Int32) throws(SystemError) -> OpenFlags {
        let flags = c_fcntl(number, F_GETFL, 0)
        guard flags >= 0 else { throw .last("fcntl") }
        return OpenFlags(rawValue: flags)
    }

    /// Changes the file's owner. The corresponding C function is `fchown`.
    public static func setOwner(of number: Int32, user: UInt32) throws(SystemError) {
        guard fchown(number, user, .max) == 0 else { throw .last("fchown") }
    }

    /// Whether the descriptor refers to a terminal. The corresponding C function is `isatty`.
    public static func isTerminal(_ number: Int32) -> Bool { isatty(number) != 0 }

    /// Reads once; the result is empty at the end of the file. If a signal interrupts the call, it fails with EINTR. The
    /// corresponding C function is `read`.
    public static func read(_ number: Int32, upTo count: Int) throws(SystemError) -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            result = CLinux.read(number, buffer.baseAddress, count)
            filled = max(result, 0)
        }
        guard result >= 0 else { throw .last("read") }
        return bytes
    }

    /// Writes once, perhaps only a part, and returns the number of bytes written. If a signal interrupts the call, it fails
    /// with EINTR. The corresponding C function is `write`.
    public static func write(_ bytes: ArraySlice<UInt8>, to number: Int32) throws(SystemError) -> Int {
        let count = bytes.withUnsafeBytes { CLinux.write(number, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .last("write") }
        return count
    }

    /// Opens /dev/null for each standard stream that is closed. Otherwise the next file that is opened would become that
    /// stream.
    public static func openMissingStandardStreams() {
        var streams = [
            pollfd(fd: 0, events: 0, revents: 0), pollfd(fd: 1, events: 0, revents: 0), pollfd(fd: 2, events: 0, revents: 0),
        ]
        // poll(2) tells of all at once which are closed.
        if poll(&streams, 3, 0) >= 0, !streams.contains(where: { $0.revents & Int16(POLLNVAL) != 0 }) { return }
        while true {
            let descriptor = c_openat(AT_FDCWD, "/dev/null", O_RDWR, 0)
            if descriptor < 0 || descriptor > STDERR_FILENO {
                if descriptor >= 0 { close(descriptor) }
                return
            }
        }
    }
}

extension FileDescriptor {
    /// Makes reads and writes fail with EAGAIN instead of waiting. The corresponding C function is `fcntl` with `F_SETFL`.
    public borrowing func setNonBlocking() {
        _ = c_fcntl(rawValue, F_SETFL, c_fcntl(rawValue, F_GETFL, 0) | O_NONBLOCK)
    }

    /// Whether it's a file in memory (memfd, tmpfs), whose readers never have to wait. Only such a file has seals
    /// (`F_GET_SEALS`).
    public var isMemory: Bool { c_fcntl(rawValue, F_GET_SEALS, 0) >= 0 }

    /// The first four bytes of the file as a number in the machine's byte order; nil if the file is shorter. The corresponding
    /// C function is `pread`.
    public borrowing func firstNumber() -> Int32? {
        var number: Int32 = 0
        return pread(rawValue, &number, 4, 0) == 4 ? number : nil
    }

    /// How a lock of flock(2) is taken.
    public enum Lock: Sendable {
        /// `LOCK_EX`
        case exclusive
        /// `LOCK_SH`
        case shared
    }

    /// Takes a lock on the open file without waiting. If another open file holds a conflicting lock, the call fails with
    /// EAGAIN. The corresponding system call is `flock`.
    public borrowing func lock(_ lock: Lock) throws(SystemError) {
        guard flock(rawValue, (lock == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else { throw .last("flock") }
    }

    /// Releases the lock.
    public borrowing func unlock() { _ = flock(rawValue, LOCK_UN) }

    /// Gives an open file a name in this directory. The file is identified by its link in /proc, because linkat with the
    /// descriptor alone needs CAP_DAC_READ_SEARCH (open(2), "O_TMPFILE"). The corresponding C function is `linkat`.
    public borrowing func link(_ file: borrowing FileDescriptor, as name: ByteString) throws(SystemError) {
        let source: ByteString = "/proc/self/fd/" + ByteString(decimal: file.rawValue)
        let result = source.withCString { source in
            name.withCString { linkat(AT_FDCWD, source, rawValue, $0, AT_SYMLINK_FOLLOW) }
        }
        guard result == 0 else { throw .last("linkat") }
    }
}
