import Bytes
import Errors
import Linux
import OCI

/// How long a process of ours is waited for.
///
/// A signal that ends programs ends the wait as well: a foreground command has such signals blocked, since they're meant for the
/// container once that runs.
enum Patience {
    /// So many milliseconds.
    case limited(Int)
    /// As long as a hook takes for which config.json sets no timeout.
    case endless

    /// Enough for each step of ours, on a loaded or emulated machine too.
    static let usual = Patience.limited(60_000)

    enum Outcome {
        case ready
        case late
        case interrupted(by: Int32)
    }

    /// Also for the hooks that the process runs meanwhile.
    static func usual(with hooks: [Hook]) -> Patience {
        var milliseconds = 60_000
        for hook in hooks {
            guard let timeout = hook.timeout else { return .endless }
            milliseconds += timeout * 1000
        }
        return .limited(milliseconds)
    }

    /// Waits until there's something to read from a descriptor, an end of file included. Allocates nothing.
    func wait(for descriptor: Int32) -> Outcome {
        let deadline: Deadline? = if case .limited(let milliseconds) = self { Deadline(milliseconds: milliseconds) } else { nil }
        while true {
            // Blocked signals don't interrupt poll(2), so each slice of 50 ms ends with a look at them.
            var left = 50
            if let deadline { left = min(left, deadline.millisecondsLeft) }
            var request = PollRequest(descriptor, .readable)
            if request.wait(milliseconds: left) { return .ready }
            if let signal = Signal.takeBlockedEnd() { return .interrupted(by: signal) }
            if deadline?.isOver == true { return .late }
        }
    }

    /// Waits for a word of a process.
    func awaitWord(from descriptor: Int32) throws(RuntimeError) {
        if let failure = failure(wait(for: descriptor)) { throw failure }
    }

    /// Why a wait was in vain: nil where it wasn't.
    func failure(_ outcome: Outcome) -> RuntimeError? {
        switch outcome {
        case .ready: return nil
        case .interrupted(let signal):
            return RuntimeError(
                .system, "interrupted by signal " + String(signal) + " in step \"" + currentStep() + "\", before the program ran")
        case .late:
            guard case .limited(let milliseconds) = self else { return nil }
            return RuntimeError(
                .timeout,
                "the container's process hasn't answered within " + String(milliseconds / 1000) + " seconds, in step \""
                    + currentStep() + "\"",
                hint: "is it paused, or does it wait for a disk or a network file system?")
        }
    }
}
