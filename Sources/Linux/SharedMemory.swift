import CLinux
public import Errors

/// Memory that several processes share.
public enum SharedMemory {
    /// Maps `size` bytes of memory that processes cloned later share with this one. The corresponding C function is `mmap`.
    public static func map(_ size: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        guard let memory = c_map_shared(UInt(size)) else { throw .last("mmap") }
        return memory
    }

    /// Maps the first `size` bytes of a file, for reading and writing. The corresponding C function is `mmap`.
    public static func map(_ size: Int, of file: borrowing FileDescriptor) throws(SystemError) -> UnsafeMutableRawPointer {
        guard let memory = c_map_file(file.rawValue, UInt(size)) else { throw .last("mmap") }
        return memory
    }

    /// Unmaps memory. The corresponding C function is `munmap`.
    public static func unmap(_ memory: UnsafeMutableRawPointer, _ size: Int) { munmap(memory, size) }

    /// Withholds memory from processes that are cloned later. The corresponding C function is `madvise` with `MADV_DONTFORK`.
    public static func withhold(_ memory: UnsafeMutableRawPointer, _ size: Int) throws(SystemError) {
        guard madvise(memory, size, MADV_DONTFORK) == 0 else { throw .last("madvise") }
    }
}
