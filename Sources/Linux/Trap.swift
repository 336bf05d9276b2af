import Bytes
import CLinux

/// The line that the program writes when a failed check ends it. The line names the current step. See CLinux/trap.c.
public enum Trap {
    /// Makes the program write the line on a failed check, and then end with `status`.
    public static func install(exitStatus status: Int32) { c_trap_install(status) }

    /// Makes a cloned process do the same, with another status.
    public static func renew(exitStatus status: Int32) { _ = c_trap_renew(status) }

    /// Ends the program with the line if its stack may not grow by 32 KiB. `create` and `run` need about 20 KiB.
    public static func requireStack() { c_stack_require() }

    /// Changes the status with which a failed check ends the program.
    public static func setExitStatus(_ status: Int32) { c_trap_ends_with(status) }

    /// Sets the log file that the line is written to as well; nil for none.
    public static func setLog(_ descriptor: Int32?, isJSON: Bool = false) { c_trap_log(descriptor ?? -1, isJSON ? 1 : 0) }

    /// Shares the current step with processes that are cloned later.
    public static func shareStep() { c_step_share() }

    /// Sets the current step.
    public static func setStep(_ name: StaticString) {
        c_step_set(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), UInt(name.utf8CodeUnitCount))
    }

    /// The current step of this process and of those that share it; nil before the first step.
    public static var step: String? {
        guard let text = c_step_text(), c_step_length() > 0 else { return nil }
        return String(
            decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: Int(c_step_length())), as: UTF8.self)
    }

    /// The shortage that this process, or one that shares its step, ran into: "out of memory" for instance; nil for none.
    public static var shortage: String? { c_step_shortage().map { ByteString(cString: $0).displayText } }
}
