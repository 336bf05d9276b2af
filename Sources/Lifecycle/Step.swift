import Bytes
import Linux

/// The log that `--debug` has told of each step. Host's alone: what becomes the container's process has no log.
nonisolated(unsafe) private var tracer: Log?

/// - Returns: the log that was told before.
@discardableResult
public func traceSteps(to log: Log?) -> Log? {
    let before = tracer
    tracer = log
    return before
}

/// Says which step begins: what it's called in errors, in `--debug` and after a crash.
@inline(never)
func step(_ name: StaticString) {
    Trap.setStep(name)
    tracer?.debug("step: " + name.description)
}

/// What this process, or the last one of the same creation, died for the lack of.
func currentShortage() -> String? { Trap.shortage }

/// The name of the step that is being done, by this process or the last one of the same creation.
func currentStep() -> String {
    Trap.step ?? "start"
}
