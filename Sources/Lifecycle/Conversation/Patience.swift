import Bytes
import Errors
import Linux
import OCI

/// How long to wait for a message of another process.
///
/// A signal that ends programs ends the wait, too. A foreground command blocks such signals, since they're meant for the
/// container once that runs.
enum Patience {
    /// A number of milliseconds.
    case limited(Int)
    /// Without limit, for example while a hook runs that has no timeout in config.json.
    case endless

    /// 60 seconds: enough for each step of wherry's, even on a loaded or emulated machine.
    static let usual = Patience.limited(60_000)

    /// How a wait ended.
    enum Outcome {
        case ready
        case late
        case interrupted(by: Int32)
    }

    /// The usual patience plus the time for hooks that the process runs meanwhile.
    ///
    /// - Parameter hooks: The hooks. If one of them has no timeout, the patience is endless.
    /// - Returns: The sum of the times.
    static func usual(with hooks: [Hook]) -> Patience {
        var milliseconds = 60_000
        for hook in hooks {
            guard let timeout = hook.timeout else { return .endless }
            milliseconds += timeout * 1000
        }
        return .limited(milliseconds)
    }

    /// Waits until a descriptor is readable or at its end of file. Allocates nothing.
    func wait(for descriptor: Int32) -> Outcome {
        let deadline: Deadline? = if case .limited(let milliseconds) = self { Deadline(milliseconds: milliseconds) } else { nil }
        while true {
            // Blocked signals don't interrupt poll(2), so they're looked for every 50 ms.
            var left = 50
            if let deadline { left = min(left, deadline.millisecondsLeft) }
            var request = PollRequest(descriptor, .readable)
            if request.wait(milliseconds: left) { return .ready }
            if let signal = Signal.takeBlockedEnd() { return .interrupted(by: signal) }
            if deadline?.isOver == true { return .late }
        }
    }

    /// Waits until a descriptor is readable or at its end of file.
    ///
    /// - Parameter descriptor: The socket on which the process answers.
    /// - Throws: `timeout` if the patience is over, `system` if a signal arrives that ends us.
    func awaitWord(from descriptor: Int32) throws(RuntimeError) {
        if let failure = failure(wait(for: descriptor)) { throw failure }
    }

    /// Turns the outcome of a wait into an error: nil if the descriptor is ready.
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
