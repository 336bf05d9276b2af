public import Bytes
import CLinux
public import Errors

/// An open file that is closed when its owner goes out of scope: it can't leak, and can't be closed twice.
@frozen
public struct FileDescriptor: ~Copyable {
    public let rawValue: Int32

    /// Stands for the working directory where a call takes a directory's descriptor (`AT_FDCWD`).
    public static var workingDirectory: Int32 { AT_FDCWD }

    public init(adopting rawValue: Int32) { self.rawValue = rawValue }

    deinit { _ = close(rawValue) }

    /// Takes what a call returned: a descriptor, or -1 with errno.
    static func checked(_ call: StaticString, _ result: Int32) throws(SystemError) -> FileDescriptor {
        guard result >= 0 else { throw .last(call) }
        return FileDescriptor(adopting: result)
    }

    /// Gives the number away: whoever takes it closes it.
    public consuming func release() -> Int32 {
        let descriptor = rawValue
        discard self
        return descriptor
    }

    /// Another descriptor of the same open file, close-on-exec. The corresponding C function is `fcntl` with `F_DUPFD_CLOEXEC`.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        try .checked("fcntl", c_fcntl(rawValue, F_DUPFD_CLOEXEC, 3))
    }

    /// Reads to the end, `limit` bytes at most: what is longer is an error (EFBIG), not a truncated answer.
    public borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let chunk = try read(upTo: 64 * 1024)
            if chunk.isEmpty { return bytes }
            if bytes.isEmpty {
                bytes = chunk
            } else {
                bytes.append(contentsOf: chunk)
            }
        }
        throw SystemError("read", errno: .EFBIG)
    }

    /// Reads once. Empty at the end of the file. The corresponding C function is `read`.
    public borrowing func read(upTo count: Int) throws(SystemError) -> [UInt8] {
        let descriptor = rawValue
        while true {
            var result = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                result = CLinux.read(descriptor, buffer.baseAddress, count)
                filled = max(result, 0)
            }
            if result >= 0 { return chunk }
            if Errno.last != .EINTR { throw .last("read") }
        }
    }

    /// Reads and writes from the start of the file next. The corresponding C function is `lseek`.
    public borrowing func rewind() throws(SystemError) {
        guard lseek(rawValue, 0, SEEK_SET) == 0 else { throw .last("lseek") }
    }

    /// Writes everything, in as many calls as it takes. The corresponding C function is `write`.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                CLinux.write(rawValue, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if Errno.last != .EINTR {
                throw .last("write")
            }
        }
    }

    /// Copies `count` bytes, from the present place in this file to that in the other. The corresponding C function is `sendfile`.
    ///
    /// - Returns: how many there were: fewer where this file ends before.
    public borrowing func copy(_ count: Int, to target: borrowing FileDescriptor) throws(SystemError) -> Int {
        var left = count
        while left > 0 {
            let count = sendfile(target.rawValue, rawValue, nil, left)
            if count == 0 { break }
            if count > 0 {
                left -= count
            } else if Errno.last != .EINTR {
                throw .last("sendfile")
            }
        }
        return count - left
    }

    /// The path by which the kernel knows it now, from the host's root: for directories that nobody hostile can rename.
    public borrowing func hostPath() throws(SystemError) -> ByteString {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let link: ByteString = "/proc/self/fd/" + ByteString(decimal: rawValue)
        let length = link.withCString { readlink($0, &path, path.count) }
        guard length > 0, length < path.count else { throw .last("readlink") }
        return ByteString(path[..<length])
    }
}

extension FileDescriptor {
    /// A file in memory with this content, to be read from its start. The corresponding C function is `memfd_create`.
    public static func memory(holding bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let file = try checked("memfd_create", c_memfd_data("wherry"))
        try file.writeAll(bytes)
        try file.rewind()
        return file
    }
}

extension FileDescriptor {
    /// A counter of events that the kernel raises, never waited for. The corresponding C function is `eventfd`.
    public static func eventCounter() throws(SystemError) -> FileDescriptor {
        try .checked("eventfd", eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)))
    }

    /// How many events there have been since the last time: nil for none.
    public borrowing func takeEventCount() -> UInt64? {
        var count: UInt64 = 0
        return CLinux.read(rawValue, &count, 8) == 8 ? count : nil
    }
}
