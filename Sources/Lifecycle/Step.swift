import Bytes
import CLinux

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
func step(_ name: StaticString) {
    c_step_set(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), UInt(name.utf8CodeUnitCount))
    tracer?.debug("step: " + name.description)
}

/// What this process, or the last one of the same creation, died for the lack of.
func currentShortage() -> String? { c_step_shortage().map { ByteString(cString: $0).displayText } }

/// The name of the step that is being done, by this process or the last one of the same creation.
func currentStep() -> String {
    guard let text = c_step_text(), c_step_length() > 0 else { return "start" }
    return String(
        decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: Int(c_step_length())), as: UTF8.self)
}
