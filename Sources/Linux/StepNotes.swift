public import Bytes
import CLinux
public import Errors

/// Notes of when each step began (`Trap.setStep`), in memory that this process shares with those cloned later: for `--trace`.
public enum StepNotes {
    /// The beginning of a step, or the end of other processes' steps.
    public struct Note: Sendable {
        /// The step's name. Empty for an end.
        public let step: ByteString
        /// The pid of the process that does the step, in its own pid namespace.
        public let pid: Int32
        /// Nanoseconds since 1970, as `CLOCK_REALTIME` counts them.
        public let time: Int64

        /// Whether the steps of all other processes end here.
        public var endsOthers: Bool { step.isEmpty }

        public init(step: ByteString, pid: Int32, time: Int64) {
            self.step = step
            self.pid = pid
            self.time = time
        }
    }

    /// Begins to keep notes. The corresponding C function is `mmap`.
    public static func begin() throws(SystemError) {
        guard c_notes_begin() == 0 else { throw .last("mmap") }
    }

    /// Whether notes are kept. A note takes the system calls `getpid` and, on some machines, `clock_gettime`.
    public static var areKept: Bool { c_notes_are_kept() != 0 }

    /// Notes that all other processes have ended their steps.
    public static func noteEndOfOthers() { c_note_step("", 0) }

    /// Keeps no more notes in this process. Processes that were cloned before go on.
    public static func stop() { c_notes_stop() }

    /// The notes so far, in the order in which they were made. No more than 1000 are kept.
    public static var all: [Note] {
        (0..<Int(c_notes_count())).compactMap { index in
            let note = c_notes()[index]
            // A process that was killed half-way has left its place empty.
            guard let text = note.text else { return nil }
            let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: Int(note.length))
            return Note(step: ByteString(copying: bytes.bindMemory(to: UInt8.self)), pid: note.pid, time: note.nanoseconds)
        }
    }
}
