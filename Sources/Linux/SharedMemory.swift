import CLinux
public import Errors

/// Pages that several processes see.
public enum SharedMemory {
    /// Memory that processes cloned from here on share with this one. The corresponding C function is `mmap`.
    public static func map(_ size: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        guard let memory = c_map_shared(UInt(size)) else { throw .last("mmap") }
        return memory
    }

    /// The content of a file. The corresponding C function is `mmap`.
    public static func map(_ size: Int, of file: borrowing FileDescriptor) throws(SystemError) -> UnsafeMutableRawPointer {
        guard let memory = c_map_file(file.rawValue, UInt(size)) else { throw .last("mmap") }
        return memory
    }

    /// The corresponding C function is `munmap`.
    public static func unmap(_ memory: UnsafeMutableRawPointer, _ size: Int) { munmap(memory, size) }

    /// Keeps it from processes cloned from here on. The corresponding C function is `madvise` with `MADV_DONTFORK`.
    public static func withhold(_ memory: UnsafeMutableRawPointer, _ size: Int) throws(SystemError) {
        guard madvise(memory, size, MADV_DONTFORK) == 0 else { throw .last("madvise") }
    }
}
