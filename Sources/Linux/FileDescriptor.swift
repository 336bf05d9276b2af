public import Bytes
import CLinux
public import Errors

/// An open file that is closed when its owner goes out of scope: it can't leak, and can't be closed twice.
@frozen
public struct FileDescriptor: ~Copyable {
    public let rawValue: Int32
    /// Whether nobody notices when it's closed a little later (`DescriptorClosing`): it only refers to a file or a mount, or what
    /// was to be done with the file is done.
    let isMereReference: Bool

    /// Stands for the working directory where a call takes a directory's descriptor (`AT_FDCWD`).
    public static var workingDirectory: Int32 { AT_FDCWD }

    /// Takes ownership of an open descriptor.
    public init(adopting rawValue: Int32) { self.init(rawValue, isMereReference: false) }

    init(_ rawValue: Int32, isMereReference: Bool) {
        self.rawValue = rawValue
        self.isMereReference = isMereReference
    }

    deinit { DescriptorClosing.close(rawValue, canWait: isMereReference) }

    /// Takes ownership of a call's result, which is a descriptor, or -1 with errno.
    static func checked(_ call: StaticString, _ result: Int32) throws(SystemError) -> FileDescriptor {
        guard result >= 0 else { throw .last(call) }
        return FileDescriptor(adopting: result)
    }

    /// Takes ownership of what a call returns that opens a mere reference, and repeats the call if descriptors that wait to be
    /// closed have taken all numbers.
    @inline(never)
    static func reference(_ call: StaticString, _ open: () -> Int32) throws(SystemError) -> FileDescriptor {
        while true {
            let result = open()
            if result >= 0 { return FileDescriptor(result, isMereReference: true) }
            let error = Errno.last
            guard error == .EMFILE, DescriptorClosing.makesRoom() else { throw SystemError(call, errno: error) }
        }
    }

    /// Gives up ownership and returns the descriptor's number. The new owner has to close it.
    public consuming func release() -> Int32 {
        let descriptor = rawValue
        discard self
        return descriptor
    }

    /// Says that nobody notices when this descriptor is closed a little later, as after a file was read or written.
    consuming func closedLater() -> FileDescriptor { FileDescriptor(release(), isMereReference: true) }

    /// Another descriptor of the same open file, close-on-exec. The corresponding C function is `fcntl` with `F_DUPFD_CLOEXEC`.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        try .checked("fcntl", c_fcntl(rawValue, F_DUPFD_CLOEXEC, 3))
    }

    /// Reads to the end of the file. More than `limit` bytes are an error (EFBIG), not a truncated answer.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that the file may have.
    ///   - size: the size of a regular file, which saves the call that finds nothing more.
    ///   - isOneRecord: whether it's a file of the kernel's that isn't a list. Then a read that returns less than it could was the
    ///     last. A list's reads each end where a line doesn't fit any more into the kernel's buffer.
    /// - Returns: the bytes.
    /// - Throws: the error of `read`.
    public borrowing func readAll(limit: Int, size: Int? = nil, isOneRecord: Bool = false) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        let most = 64 * 1024
        while bytes.count <= limit {
            let chunk = try read(upTo: most)
            if chunk.isEmpty { return bytes }
            let count = bytes.count + chunk.count
            if count <= limit, (isOneRecord && chunk.count < most) || size == count {
                return bytes.isEmpty ? chunk : bytes + chunk
            }
            if bytes.isEmpty {
                bytes = chunk
            } else {
                bytes.append(contentsOf: chunk)
            }
        }
        throw SystemError("read", errno: .EFBIG)
    }

    /// Reads once, at most `count` bytes; the result is empty at the end of the file. The corresponding C function is `read`.
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

    /// Moves the file position to the start. The corresponding C function is `lseek`.
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

    /// Copies bytes from this file's position to the other file's position. The corresponding C function is `sendfile`.
    ///
    /// - Parameters:
    ///   - count: the number of bytes to copy.
    ///   - target: the file to write to.
    /// - Returns: the number of bytes copied, less than `count` if this file ends earlier.
    /// - Throws: the error of `sendfile`.
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

    /// The file's present path, from the host's root on. Only for files that no hostile process can rename.
    public borrowing func hostPath() throws(SystemError) -> ByteString {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let link: ByteString = "/proc/self/fd/" + ByteString(decimal: rawValue)
        let length = link.withCString { readlink($0, &path, path.count) }
        guard length > 0, length < path.count else { throw .last("readlink") }
        return ByteString(path[..<length])
    }
}

extension FileDescriptor {
    /// Makes a file in memory with this content, positioned at its start. The corresponding C function is `memfd_create`.
    public static func memory(holding bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let file = try checked("memfd_create", c_memfd_data("wherry"))
        try file.writeAll(bytes)
        try file.rewind()
        return file
    }
}

extension FileDescriptor {
    /// Makes a counter of events that the kernel raises. Reading it never waits. The corresponding C function is `eventfd`.
    public static func eventCounter() throws(SystemError) -> FileDescriptor {
        try .checked("eventfd", eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)))
    }

    /// The number of events since the last call; nil if there were none.
    public borrowing func takeEventCount() -> UInt64? {
        var count: UInt64 = 0
        return CLinux.read(rawValue, &count, 8) == 8 ? count : nil
    }
}
