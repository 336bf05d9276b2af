import Bytes
import Errors
import Linux

/// A file that an option names: a regular file, or a pipe that another process writes to, such as bash's <(…).
enum ArgumentFile {
    /// How long the writer may pause, in milliseconds.
    private static let patience = 30_000

    /// Reads the whole file.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - what: What the file is, for errors: "the process file".
    ///   - isInput: Whether standard input is read and `path` isn't opened.
    ///   - limit: The largest size that is accepted, in bytes.
    /// - Returns: The file's content.
    /// - Throws: An error if the file can't be read, is too large, or its writer pauses for too long.
    @inline(never)
    static func read(_ path: ByteString, _ what: String, isInput: Bool = false, limit: Int) throws(RuntimeError) -> [UInt8] {
        let failure = what + " \"" + path.displayText + "\" can't be read"
        do throws(SystemError) {
            // /dev/stdin can't be opened if standard input is a socket.
            let isInput = isInput || path == "/dev/stdin" && isSocket(FileDescriptor.standardInput)
            // Non-blocking: otherwise opening a fifo without a writer would block.
            let file: FileDescriptor
            if isInput {
                file = try .duplicate(FileDescriptor.standardInput)
            } else {
                file = try .open(path, flags: [.readOnly, .nonBlocking, .noControllingTerminal])
            }
            return try read(file, limit: limit)
        } catch  where error.errno == .ETIMEDOUT {
            throw RuntimeError(.timeout, failure + ": whoever writes it has paused for 30 seconds", path: path)
        } catch {
            throw RuntimeError(.invalidConfig, failure, error, path: path)
        }
    }

    private static func isSocket(_ descriptor: Int32) -> Bool {
        (try? FileStatus(of: descriptor))?.kind == .socket
    }

    private static func read(_ file: consuming FileDescriptor, limit: Int) throws(SystemError) -> [UInt8] {
        let mayBlock = !(try FileDescriptor.openFlags(of: file.rawValue).contains(.nonBlocking))
        var bytes: [UInt8] = []
        while true {
            if mayBlock { try waitForWriter(file) }
            do throws(SystemError) {
                let part = try file.read(upTo: 64 * 1024)
                guard bytes.count + part.count <= limit else { throw SystemError("read", errno: .EFBIG) }
                if part.isEmpty { return bytes }
                bytes += part
            } catch  where error.errno == .EAGAIN {
                try waitForWriter(file)
            }
        }
    }

    private static func waitForWriter(_ file: borrowing FileDescriptor) throws(SystemError) {
        guard waitReadable(file.rawValue, until: Deadline(milliseconds: patience)) else {
            throw SystemError("read", errno: .ETIMEDOUT)
        }
    }
}
