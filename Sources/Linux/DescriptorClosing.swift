import CLinux

/// How descriptors are closed whose owner goes out of scope.
///
/// A container is made with about 150 descriptors, most of them for a moment. Closing them one by one would be a fifth of all
/// system calls. So those that nobody misses wait until several can be closed by one close_range(2), and those that a command
/// has at its end are left to the kernel.
public enum DescriptorClosing {
    private enum Mode { case atOnce, gatheringReferences, gatheringAll, leftToExit }

    private nonisolated(unsafe) static var mode = Mode.atOnce
    /// The descriptors below 64 that wait to be closed: bit n is descriptor n. A set in a number needs no memory, which a
    /// process gives up that has gathered them.
    private nonisolated(unsafe) static var waiting: UInt64 = 0

    /// The most descriptors that wait. The limit of open files (RLIMIT_NOFILE) may be low.
    private static let most = 16

    // Never inlined: it would be in hundreds of places.
    @inline(never)
    static func close(_ number: Int32, canWait: Bool) {
        switch mode {
        case .leftToExit: return
        case .gatheringAll where number < 64, .gatheringReferences where canWait && number < 64:
            waiting |= 1 << UInt64(number)
            if waiting.nonzeroBitCount == most { closeWaiting() }
        default: _ = CLinux.close(number)
        }
    }

    /// From now on descriptors that nobody misses wait until several can be closed together. This process must not share its memory with another.
    public static func gatherReferences() { mode = .gatheringReferences }

    /// From now on all descriptors wait. Until `closeGathered`, nothing may depend on a descriptor's being closed.
    public static func gatherAll() { mode = .gatheringAll }

    /// Ends the gathering, and closes what waits.
    public static func closeGathered() {
        mode = .atOnce
        closeWaiting()
    }

    /// Runs `body`, and then closes all descriptors whose owners have gone out of scope meanwhile. Nothing in it may depend on
    /// a descriptor's being closed.
    public static func together(_ body: () -> Void) {
        let former = mode
        if former != .leftToExit { mode = .gatheringAll }
        body()
        mode = former
        closeWaiting()
    }

    /// From now on descriptors stay open: this process has done its work, and ends.
    public static func leaveToExit() { mode = .leftToExit }

    /// Closes what waits, because the limit of open files is reached: false if nothing waits.
    static func makesRoom() -> Bool {
        guard waiting != 0 else { return false }
        closeWaiting()
        return true
    }

    private static func closeWaiting() {
        while waiting != 0 {
            let first = waiting.trailingZeroBitCount
            let count = (~(waiting >> UInt64(first))).trailingZeroBitCount
            // Should close_range fail, they're closed one by one: the other side of a socket waits for that.
            if count == 1 || c_close_range(UInt32(first), UInt32(first + count - 1), 0) != 0 {
                for number in first..<(first + count) { _ = CLinux.close(Int32(number)) }
            }
            waiting &= count == 64 ? 0 : ~(((1 << UInt64(count)) - 1) << UInt64(first))
        }
    }
}
