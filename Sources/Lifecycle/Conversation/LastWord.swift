import Errors
import Linux

/// Why execve failed, said without a system call: under a filter that forbids to say it otherwise.
///
/// The word stands in a file of memory. Whoever waits for the program got the file before the filter was loaded.
struct LastWord: ~Copyable {
    private let file: FileDescriptor
    private let word: UnsafeMutablePointer<Int32>

    var descriptor: Int32 { file.rawValue }

    init() throws(SystemError) {
        let file = try FileDescriptor.memory(holding: [0, 0, 0, 0])
        word = try SharedMemory.map(MemoryLayout<Int32>.size, of: file).bindMemory(to: Int32.self, capacity: 1)
        self.file = file
    }

    borrowing func say(errno: Errno) { word.pointee = errno.rawValue }

    /// The error number that was left in a file: nil for none.
    ///
    /// The file came from a process that others may have taken the place of: so it must be memory, which never keeps a reader waiting.
    static func left(in file: SharedDescriptor) -> Errno? {
        guard file.file.isMemory, let errno = file.file.firstNumber(), errno > 0 else { return nil }
        return Errno(rawValue: errno)
    }
}
