import Bytes
import Errors
import Linux

/// A file that an option names: a plain one, or what the caller writes for us, such as bash's <(…).
enum ArgumentFile {
    /// Milliseconds for which whoever writes may pause.
    private static let patience = 30_000

    /// `what` it is, for errors: "the process file". `isInput`: it's standard input.
    @inline(never)
    static func read(_ path: ByteString, _ what: String, isInput: Bool = false, limit: Int) throws(RuntimeError) -> [UInt8] {
        let failure = what + " \"" + path.displayText + "\" can't be read"
        do throws(SystemError) {
            // A socket can't be opened again, and standard input may be one.
            let isInput = isInput || path == "/dev/stdin" && isSocket(FileDescriptor.standardInput)
            // A fifo that nobody writes to would hold us up.
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
