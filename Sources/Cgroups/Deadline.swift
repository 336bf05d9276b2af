import CLinux

/// A moment by which something has to be done: clock_gettime(2), CLOCK_MONOTONIC.
struct Deadline {
    private let end: Int64

    init(milliseconds: Int) { end = Deadline.now() + Int64(milliseconds) }

    var hasPassed: Bool { Deadline.now() >= end }

    /// Never below 0.
    var remainingMilliseconds: Int32 { Int32(clamping: max(end - Deadline.now(), 0)) }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
