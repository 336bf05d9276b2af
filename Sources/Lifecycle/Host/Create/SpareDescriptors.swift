import Errors
import Linux

/// Descriptors that are held only to be closed when others are needed.
///
/// A create may fail because its caller's limit allows no more open files (RLIMIT_NOFILE). Undoing it opens directories, too, so
/// the numbers for that are reserved before the first thing is made.
struct SpareDescriptors {
    private let held: [SharedDescriptor]

    /// Enough to undo a container on cgroup v1 and to run its poststop hooks.
    private static let count = 8

    /// Reserves the numbers.
    ///
    /// - Parameter descriptor: Any open file.
    /// - Throws: EMFILE if the limit leaves too few.
    init(of descriptor: borrowing FileDescriptor) throws(SystemError) {
        var held: [SharedDescriptor] = []
        for _ in 0..<SpareDescriptors.count { held.append(SharedDescriptor(try descriptor.duplicate())) }
        self.held = held
    }
}
