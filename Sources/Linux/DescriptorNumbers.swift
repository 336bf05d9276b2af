public import Bytes
import CLinux
public import Errors

/// Descriptors that aren't ours to close, by their numbers: the standard streams, and what the caller passes on.
extension FileDescriptor {
    public static var standardInput: Int32 { STDIN_FILENO }
    public static var standardOutput: Int32 { STDOUT_FILENO }
    public static var standardError: Int32 { STDERR_FILENO }

    /// Another descriptor of the same open file, close-on-exec, with the lowest free number from `lowest` on. The corresponding C function
    /// is `fcntl` with `F_DUPFD_CLOEXEC`.
    @inline(never)
    public static func duplicate(_ number: Int32, from lowest: Int32 = 3) throws(SystemError) -> FileDescriptor {
        try .checked("fcntl", c_fcntl(number, F_DUPFD_CLOEXEC, lowest))
    }

    /// Gives an open file a number, which execve doesn't close; what had it is closed. The corresponding C function is `dup2`.
    @inline(never)
    public static func duplicate(_ number: Int32, onto target: Int32) throws(SystemError) {
        guard dup2(number, target) >= 0 else { throw .last("dup2") }
    }

    public static func isOpen(_ number: Int32) -> Bool { c_fcntl(number, F_GETFD, 0) >= 0 }

    /// Has execve close it.
    public static func closeOnExecution(_ number: Int32) { _ = c_fcntl(number, F_SETFD, FD_CLOEXEC) }

    /// How it was opened. The corresponding C function is `fcntl` with `F_GETFL`.
    public static func openFlags(of number: Int32) throws(SystemError) -> OpenFlags {
        let flags = c_fcntl(number, F_GETFL, 0)
        guard flags >= 0 else { throw .last("fcntl") }
        return OpenFlags(rawValue: flags)
    }

    /// Gives the file to somebody. The corresponding C function is `fchown`.
    public static func setOwner(of number: Int32, user: UInt32) throws(SystemError) {
        guard fchown(number, user, .max) == 0 else { throw .last("fchown") }
    }

    public static func isTerminal(_ number: Int32) -> Bool { isatty(number) != 0 }

    /// Reads once: interrupted, it's EINTR. The corresponding C function is `read`.
    public static func read(_ number: Int32, upTo count: Int) throws(SystemError) -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            result = CLinux.read(number, buffer.baseAddress, count)
            filled = max(result, 0)
        }
        guard result >= 0 else { throw .last("read") }
        return bytes
    }

    /// Writes once, and perhaps not all: interrupted, it's EINTR. The corresponding C function is `write`.
    public static func write(_ bytes: ArraySlice<UInt8>, to number: Int32) throws(SystemError) -> Int {
        let count = bytes.withUnsafeBytes { CLinux.write(number, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .last("write") }
        return count
    }

    /// Opens the null device for each standard stream that is closed: the next file that is opened would become it otherwise.
    public static func openMissingStandardStreams() {
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
    /// Reads and writes don't wait any more. The corresponding C function is `fcntl` with `F_SETFL`.
    public borrowing func setNonBlocking() {
        _ = c_fcntl(rawValue, F_SETFL, c_fcntl(rawValue, F_GETFL, 0) | O_NONBLOCK)
    }

    /// Whether it's a file in memory, which never keeps a reader waiting: only such a file has seals (`F_GET_SEALS`).
    public var isMemory: Bool { c_fcntl(rawValue, F_GET_SEALS, 0) >= 0 }

    /// A number of four bytes at the start of the file, in the machine's byte order. The corresponding C function is `pread`.
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

    /// Takes a lock on the open file, without waiting: what another holds is EAGAIN. The corresponding system call is `flock`.
    public borrowing func lock(_ lock: Lock) throws(SystemError) {
        guard flock(rawValue, (lock == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else { throw .last("flock") }
    }

    public borrowing func unlock() { _ = flock(rawValue, LOCK_UN) }

    /// The corresponding C function is `linkat`. By the file's place in /proc: by its descriptor alone it takes CAP_DAC_READ_SEARCH
    /// (open(2), "O_TMPFILE").
    public borrowing func link(_ file: borrowing FileDescriptor, as name: ByteString) throws(SystemError) {
        let source: ByteString = "/proc/self/fd/" + ByteString(decimal: file.rawValue)
        let result = source.withCString { source in
            name.withCString { linkat(AT_FDCWD, source, rawValue, $0, AT_SYMLINK_FOLLOW) }
        }
        guard result == 0 else { throw .last("linkat") }
    }
}
