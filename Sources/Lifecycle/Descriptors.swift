import Bytes
import Errors
import Linux

/// Closes every descriptor from `first` upward, except those in `kept`.
///
/// A container's process must not hold a file of the host by accident (CVE-2024-21626), so the caller lists the descriptors
/// that stay, not those that go. And a forgotten copy of a conversation's socket would keep the other side from seeing the end
/// of file.
func closeDescriptors(from first: Int32, but kept: [Int32]) throws(RuntimeError) {
    var next = first
    for descriptor in kept.ordered() where descriptor >= next {
        if descriptor > next { try closeDescriptors(UInt32(next)...UInt32(descriptor - 1)) }
        next = descriptor + 1
    }
    try closeDescriptors(UInt32(next)...(.max))
}

private func closeDescriptors(_ range: ClosedRange<UInt32>) throws(RuntimeError) {
    do throws(SystemError) {
        try OwnProcess.closeDescriptors(range)
    } catch {
        throw RuntimeError(
            .system, "the open files that aren't the container's can't be closed", error,
            hint: error.errno == .ENOSYS ? "this needs Linux 5.9 or later" : nil)
    }
}
