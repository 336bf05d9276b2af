public import Bytes
public import Errors
import Linux

/// Writes errors, warnings and debug lines: for engines to the file that `--log` names, for people to stderr.
///
/// Each line is one write(2), so that lines of several processes don't mix. A line is at most 8 KiB long. Characters that could
/// end a line early are escaped, because names in it may come from a container.
public final class Log {
    /// The format of the log file: `--log-format`.
    public enum Format: Sendable { case text, json }

    /// How important a line is. Lines that are less important than the log's own level aren't written.
    public enum Level: Sendable {
        case error, warning, debug

        /// The level's name in logrus, whose lines the engines' parsers know.
        fileprivate var name: StaticString {
            switch self {
            case .error: "error"
            case .warning: "warning"
            case .debug: "debug"
            }
        }
    }

    /// The descriptor of the log file, closed on deinit. nil if everything goes to stderr.
    private(set) var file: Int32? {
        didSet { tellOfTraps() }
    }
    private let format: Format
    private let stderr: Int32
    private let level: Level
    /// Whether the function `debug` writes lines.
    public var isDebugging: Bool { level == .debug }
    /// Whether a process in the container has the same stderr. Engines take everything written there for the process's output,
    /// so warnings aren't written there, unless stderr is a terminal or `--debug` was given.
    var sharesStderr = false

    /// Makes a log for people, which writes everything to stderr.
    ///
    /// - Parameters:
    ///   - level: The least important lines to write.
    ///   - stderr: The descriptor to write to.
    public init(level: Level = .warning, stderr: Int32 = 2) {
        file = nil
        format = .text
        self.stderr = stderr
        self.level = level
    }

    /// Makes a log for engines, which appends to a file and creates it if it's missing. stderr still gets a text for people.
    ///
    /// - Parameters:
    ///   - path: The log file. It may be a fifo.
    ///   - format: The format of its lines.
    ///   - level: The least important lines to write.
    ///   - stderr: The descriptor for people.
    /// - Throws: `system` if the file can't be opened.
    public init(file path: ByteString, format: Format, level: Level, stderr: Int32 = 2) throws(RuntimeError) {
        do throws(SystemError) {
            // Non-blocking: opening a fifo, or writing to a full one, must not wait for a reader that may never come.
            file = try FileDescriptor.open(
                path, flags: [.writeOnly, .append, .create, .noControllingTerminal, .nonBlocking], mode: 0o644
            )
            .release()
        } catch {
            throw RuntimeError(
                .system, "can't open the log file \"" + path.displayText + "\"", error, path: path,
                hint: error.errno == .ENXIO ? "a fifo needs a reader before it's opened; a socket is no file" : nil)
        }
        self.format = format
        self.stderr = stderr
        self.level = level
        tellOfTraps()
    }

    deinit {
        guard let file else { return }
        Trap.setLog(nil)
        _ = FileDescriptor(adopting: file)
    }

    /// Has a crash of this process written to this log, too.
    func tellOfTraps() { Trap.setLog(file, isJSON: format == .json) }

    /// Moves the log file's descriptor to `lowest` or above. The container gets the descriptors below, and mustn't get the log.
    func keepClear(ofDescriptorsBelow lowest: Int32) throws(RuntimeError) {
        guard let old = file, old < lowest else { return }
        let moved = try explaining(
            .system, "the log can't be kept out of the container", FileDescriptor.duplicate(old, from: lowest).release())
        _ = FileDescriptor(adopting: old)
        file = moved
    }

    /// Reports why the program fails.
    ///
    /// - Parameters:
    ///   - error: The reason.
    ///   - command: The command's name, which people see. Empty if none was recognised.
    ///   - prefix: What engines expect at the beginning of the message when this command fails, such as "create failed: ".
    public func error(_ error: RuntimeError, command: StaticString, prefix: StaticString = "") {
        if file == nil {
            tellPeople(error, command: command)
        } else {
            let message = prefix.description + error.message
            // Engines that find no line in the file take what stderr has: as from runc, that is the message alone.
            var plain: [UInt8] = []
            plain.append(message, escaping: .terminal, limit: Limit.people)
            write(plain, to: stderr)
            write(.error, message, about: error)
        }
    }

    /// Reports that something was done differently than asked, without stopping the work.
    public func warn(_ sentence: String) {
        if level != .error { say(.warning, sentence) }
    }

    /// Reports what is being done, only at the level `debug`. Otherwise the sentence isn't evaluated.
    public func debug(_ sentence: @autoclosure () -> String) {
        if isDebugging { say(.debug, sentence()) }
    }

    // MARK: - Lines

    /// The most bytes that each part of a line may take. Together they leave room for the rest of a line of 8 KiB.
    private enum Limit {
        static let message = 4096
        static let field = 768
        static let people = 6144
        static let hint = 1024
    }

    private func say(_ level: Level, _ sentence: String) {
        guard file == nil else { return write(level, sentence, about: nil) }
        if sharesStderr, !isDebugging, !FileDescriptor.isTerminal(stderr) { return }
        var line: [UInt8] = []
        line.append("wherry: ")
        line.append(level.name)
        line.append(": ")
        line.append(sentence, escaping: .terminal, limit: Limit.people)
        write(line, to: stderr)
    }

    private func tellPeople(_ error: RuntimeError, command: StaticString) {
        var text: [UInt8] = []
        text.append("wherry: ")
        if command.utf8CodeUnitCount > 0 {
            text.append(command)
            text.append(": ")
        }
        text.append(error.message, escaping: .terminal, limit: Limit.people)
        if let hint = error.hint {
            text.append("\n  hint: ")
            text.append(hint, escaping: .terminal, limit: Limit.hint)
        }
        write(text, to: stderr)
    }

    private func write(_ level: Level, _ message: String, about error: RuntimeError?) {
        guard let file else { return }
        let time = Timestamp.now.rfc3339.displayText
        var line: LogLine
        switch format {
        case .json:
            line = LogLine(.json)
            line.add("level", level.name.description, limit: Limit.field)
            line.add("msg", message, limit: Limit.message)
            line.add("time", time, limit: Limit.field)
        case .text:
            line = LogLine(.text)
            line.add("time", time, limit: Limit.field)
            line.add("level", level.name.description, limit: Limit.field)
            line.add("msg", message, limit: Limit.message)
        }
        if let error { add(error, to: &line) }
        write(line.finished, to: file)
    }

    private func add(_ error: RuntimeError, to line: inout LogLine) {
        line.add("code", error.code.name.description, limit: Limit.field)
        if let step = error.step { line.add("step", step, limit: 64) }
        if let call = error.call { line.add("syscall", call, limit: 64) }
        if let errno = error.errno { line.add("errno", Int(errno.rawValue)) }
        if let path = error.path { line.add("path", path.displayText, limit: Limit.field) }
        if let pointer = error.pointer { line.add("pointer", pointer, limit: Limit.field) }
        if let hint = error.hint { line.add("hint", hint, limit: Limit.field) }
    }

    /// Writes a line and a line feed. Errors are dropped: there's nowhere left to report them. If a pipe stays full for a
    /// second, the line is dropped as well.
    private func write(_ line: [UInt8], to descriptor: Int32) {
        let line = line + [UInt8(ascii: "\n")]
        while true {
            do throws(SystemError) {
                _ = try FileDescriptor.write(line[...], to: descriptor)
                return
            } catch  where error.errno == .EINTR {
            } catch  where error.errno == .EAGAIN {
                var request = PollRequest(descriptor, .writable)
                guard request.wait(milliseconds: 1000) else { return }
            } catch {
                return
            }
        }
    }
}

/// A line of the log file that is being put together.
private struct LogLine {
    private let format: Log.Format
    private var bytes: [UInt8] = []

    init(_ format: Log.Format) {
        self.format = format
        if format == .json { bytes.append("{") }
    }

    var finished: [UInt8] { format == .json ? bytes + [UInt8(ascii: "}")] : bytes }

    mutating func add(_ key: StaticString, _ number: Int) {
        begin(key)
        bytes += ByteString(decimal: number).bytes
    }

    mutating func add(_ key: StaticString, _ text: String, limit: Int) {
        begin(key)
        if format == .text, LogLine.isPlain(text) {
            bytes += text.utf8
            return
        }
        bytes.append("\"")
        bytes.append(text, escaping: format == .json ? .json : .quoted, limit: limit)
        bytes.append("\"")
    }

    private mutating func begin(_ key: StaticString) {
        switch format {
        case .json:
            bytes.append(bytes.count > 1 ? ",\"" : "\"")
            bytes.append(key)
            bytes.append("\":")
        case .text:
            if !bytes.isEmpty { bytes.append(" ") }
            bytes.append(key)
            bytes.append("=")
        }
    }

    /// Whether logrus writes the text without quotes. Only for short texts, since texts without quotes aren't cut at the limit.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= 64
            && ByteString(text).bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "@"),
                    UInt8(ascii: "^"), UInt8(ascii: "+"):
                    true
                default: byte.isLetter || byte.isDigit
                }
            }
    }
}
