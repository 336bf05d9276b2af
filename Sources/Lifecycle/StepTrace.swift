public import Bytes
public import Errors
import Linux
import OCI

/// The file of `--trace`: when each step of Host, and of the processes that it cloned, began and how long it took.
///
/// It has the array format of Chrome's trace events, which Perfetto opens, too. All commands may write to one file: each appends
/// its events when it ends. So nobody closes the array, which that format permits.
public struct StepTrace {
    private let path: ByteString
    /// What the trace calls the command, such as "wherry run web".
    private let command: ByteString

    /// nil without `--trace`.
    nonisolated(unsafe) private static var current: StepTrace?

    private init(path: ByteString, command: ByteString) {
        self.path = path
        self.command = command
    }

    /// Begins the command's trace.
    ///
    /// - Parameters:
    ///   - path: The file. It's made if it's missing.
    ///   - command: What the trace calls the command.
    /// - Throws: `system` if the file can't be opened, or there's no memory for the notes.
    public static func begin(_ path: ByteString, command: ByteString) throws(RuntimeError) {
        do throws(SystemError) {
            // The command may change its working directory.
            let absolute = path.hasPrefix("/") ? path : try OwnProcess.directory() + "/" + path
            try makeFile(absolute)
            try StepNotes.begin()
            current = StepTrace(path: absolute, command: command)
        } catch {
            throw failure(path, error)
        }
    }

    private static func failure(_ path: ByteString, _ error: SystemError) -> RuntimeError {
        RuntimeError(
            .system, "can't write the trace \"" + path.displayText + "\"", error, path: path,
            hint: error.errno == .ENXIO ? "a fifo needs a reader before it's opened; a socket is no file" : nil)
    }

    /// Notes that all other processes have become programs of the container.
    static func noteExecution() { if current != nil { StepNotes.noteEndOfOthers() } }

    /// Ends the trace and writes it. If that fails, it's only a warning: the command has done its work.
    public static func end(_ log: Log) {
        guard let trace = current else { return }
        current = nil
        do throws(SystemError) {
            // One write, so that the events of several commands don't mix.
            try open(trace.path).writeAll(
                TraceEvents(StepNotes.all, command: trace.command, end: Timestamp.now.nanosecondsSince1970).text)
        } catch let reason {
            let error = failure(trace.path, reason)
            log.warn(error.message)
        }
    }

    /// Makes the file, with the beginning of the array, unless it's there.
    private static func makeFile(_ path: ByteString) throws(SystemError) {
        do throws(SystemError) {
            let file = try FileDescriptor.open(
                path, flags: [.writeOnly, .append, .create, .exclusive, .noControllingTerminal], mode: 0o644)
            try file.writeAll(Array("[\n".utf8))
        } catch  where error.errno == .EEXIST {
            _ = try open(path)
        }
    }

    private static func open(_ path: ByteString) throws(SystemError) -> FileDescriptor {
        // Without O_NONBLOCK, a fifo without a reader would block for ever.
        try FileDescriptor.open(path, flags: [.writeOnly, .append, .noControllingTerminal, .nonBlocking])
    }
}

/// The events of one command, as text.
struct TraceEvents {
    private(set) var text: [UInt8] = []

    /// Makes the events of notes.
    ///
    /// - Parameters:
    ///   - notes: The notes, of which the first is Host's.
    ///   - command: What the trace calls the command.
    ///   - end: When the last steps ended.
    init(_ notes: [StepNotes.Note], command: ByteString, end: Int64) {
        guard let host = notes.first?.pid else { return }
        var processes: [Int32] = []
        for note in notes where !processes.contains(note.pid) { processes.append(note.pid) }
        for (index, process) in processes.enumerated() {
            addName(
                index == 0 ? "process_name" : "thread_name", index == 0 ? command : TraceEvents.name(of: index), of: index, host)
            if index == 0 { addName("thread_name", "Host", of: 0, host) }
            for (place, note) in notes.enumerated() where note.pid == process && !note.endsOthers {
                let next = notes[(place + 1)...].first { ($0.pid == process) != $0.endsOthers }?.time ?? end
                addStep(note.step, of: index, host, at: note.time, until: next)
            }
        }
    }

    private static func name(of index: Int) -> ByteString {
        switch index {
        case 1: "first process"
        case 2: "second process"
        default: "process " + ByteString(decimal: index)
        }
    }

    private mutating func addName(_ kind: StaticString, _ name: ByteString, of thread: Int, _ process: Int32) {
        add { json in
            json.member("ph", "M" as StaticString)
            json.member("name", kind)
            json.member("pid", process)
            json.member("tid", thread)
            json.object("args") { $0.member("name", name) }
        }
    }

    private mutating func addStep(_ step: ByteString, of thread: Int, _ process: Int32, at time: Int64, until end: Int64) {
        add { json in
            json.member("ph", "X" as StaticString)
            json.member("name", step)
            json.member("pid", process)
            json.member("tid", thread)
            json.member("ts", number: TraceEvents.microseconds(time))
            json.member("dur", number: TraceEvents.microseconds(end - time))
        }
    }

    private mutating func add(_ members: (inout JSONWriter) -> Void) {
        var json = JSONWriter(.compact)
        json.object(members)
        text += json.bytes
        text.append(",\n")
    }

    /// Nanoseconds as microseconds with three decimals.
    private static func microseconds(_ nanoseconds: Int64) -> ByteString {
        let fraction = ByteString(decimal: 1000 + nanoseconds % 1000).dropFirst(1)
        return ByteString(decimal: nanoseconds / 1000) + "." + fraction
    }
}
