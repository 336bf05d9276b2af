import Errors
import Linux

/// Reports without a system call why execve failed, because the seccomp filter may forbid the calls that send a message.
///
/// The error number is left in a memfd. The command that waits for the program got this memfd before the filter was loaded.
struct LastWord: ~Copyable {
    private let file: FileDescriptor
    private let word: UnsafeMutablePointer<Int32>

    var descriptor: Int32 { file.rawValue }

    init() throws(SystemError) {
        let file = try FileDescriptor.memory(holding: [0, 0, 0, 0])
        word = try SharedMemory.map(MemoryLayout<Int32>.size, of: file).bindMemory(to: Int32.self, capacity: 1)
        self.file = file
    }

    /// Leaves the error number. Makes no system call.
    borrowing func say(errno: Errno) { word.pointee = errno.rawValue }

    /// Reads the error number that was left in a file.
    ///
    /// Another process may have taken the sender's place and sent any file. So only a memfd is read: reading one can't block.
    ///
    /// - Parameter file: The file that came with `executing`.
    /// - Returns: nil if there is no error number.
    static func left(in file: SharedDescriptor) -> Errno? {
        guard file.file.isMemory, let errno = file.file.firstNumber(), errno > 0 else { return nil }
        return Errno(rawValue: errno)
    }
}
