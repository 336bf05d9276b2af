import Bytes
import CLinux

/// What is said when the program dies by a failed check, and in which step that was. See CLinux/trap.c.
public enum Trap {
    /// Says it from now on, and ends with `status`.
    public static func install(exitStatus status: Int32) { c_trap_install(status) }

    /// Another status for that end.
    public static func setExitStatus(_ status: Int32) { c_trap_ends_with(status) }

    /// The log file that it's said in too: nil for none.
    public static func setLog(_ descriptor: Int32?, isJSON: Bool = false) { c_trap_log(descriptor ?? -1, isJSON ? 1 : 0) }

    /// Shares the name of the current step with processes cloned from here on.
    public static func shareStep() { c_step_share() }

    /// The step that begins.
    public static func setStep(_ name: StaticString) {
        c_step_set(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), UInt(name.utf8CodeUnitCount))
    }

    /// The step that is being done by this process, or by one that shares it: nil before the first.
    public static var step: String? {
        guard let text = c_step_text(), c_step_length() > 0 else { return nil }
        return String(
            decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: Int(c_step_length())), as: UTF8.self)
    }

    /// What this process, or one that shares the step, had too little of: nil if nothing was missing.
    public static var shortage: String? { c_step_shortage().map { ByteString(cString: $0).displayText } }
}
