import Bytes
import CLinux
import Errors

/// Closes every descriptor from `first` on but the ones named. A container's process must not hold anything of the host's by accident
/// (CVE-2024-21626): so what stays is listed, not what goes. One that stayed open against our will could also keep a conversation
/// from its end.
func closeDescriptors(from first: Int32, but kept: [Int32]) throws(RuntimeError) {
    var next = UInt32(first)
    for descriptor in kept.map({ UInt32($0) }).ordered() where descriptor >= next {
        if descriptor > next { try closeDescriptors(next...(descriptor - 1)) }
        next = descriptor + 1
    }
    try closeDescriptors(next...(.max))
}

private func closeDescriptors(_ range: ClosedRange<UInt32>) throws(RuntimeError) {
    guard c_close_range(range.lowerBound, range.upperBound, 0) == 0 else {
        throw RuntimeError(
            .system, "the open files that aren't the container's can't be closed", .last("close_range"),
            hint: c_errno() == ENOSYS ? "this needs Linux 5.9 or later" : nil)
    }
}

/// Refuses `--preserve-fds`, or LISTEN_FDS, of what isn't open: the container would get whatever we open next. So before we open
/// anything, and once the log is out of the way.
func requireOpen(_ preserved: Int, listening: Int) throws(RuntimeError) {
    for descriptor in 3..<3 + Int32(clamping: preserved + listening) where c_fcntl(descriptor, F_GETFD, 0) < 0 {
        let option = descriptor < 3 + preserved ? "--preserve-fds " + String(preserved) : "LISTEN_FDS=" + String(listening)
        throw RuntimeError(.usage, option + ": file descriptor " + String(descriptor) + " is not open", errno: EBADF)
    }
}
