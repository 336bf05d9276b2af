import Bytes
import Errors
import Linux

/// Where criu says what went wrong.
struct CriuLog {
    let path: ByteString

    private static let limit = 64 << 20

    /// What failed and why, as far as criu says it.
    ///
    /// `output`: what it wrote to its standard streams, before it had a log.
    func failure(_ what: String, output: [UInt8], response: CriuResponse?) -> RuntimeError {
        let log =
            (try? FileDescriptor.open(path, flags: [.readOnly, .nonBlocking, .noFollow]).readAll(limit: CriuLog.limit)) ?? []
        var reason = CriuLog.cause(in: log) ?? CriuLog.cause(in: output) ?? response?.errorText ?? CriuLog.lastLine(of: output)
        if reason == nil, let errno = response?.errno, errno.rawValue > 0 { reason = ByteString(SystemError.text(of: errno)) }
        return RuntimeError(
            .checkpoint, what + (reason.map { ": " + $0.displayText } ?? " without a word"), path: path,
            hint: log.isEmpty
                ? "\"criu check --all\" tells whether criu can work on this kernel"
                : "all that criu said is in " + path.displayText + "; \"criu check --all\" tells what it misses on this kernel")
    }

    /// What the dynamic loader says, for instance, of a criu that lacks a library.
    private static func lastLine(of output: [UInt8]) -> ByteString? {
        output.split(separator: UInt8(ascii: "\n")).last.map { ByteString($0.prefix(512)) }
    }

    /// The line that tells most. Errors of criu's go from the cause to its consequences; but the end of a helper program may be no error,
    /// and the end of a process that criu restores says nothing of the reason.
    static func cause(in log: [UInt8]) -> ByteString? {
        let lines = log.split(separator: UInt8(ascii: "\n")).compactMap { line in error(in: line) }
        return lines.first { !$0.isConsequence } ?? lines.first
    }

    /// "(00.012345) Error (criu/x.c:12): TEXT", with the time left out, and "(00.012345) pie:    36: Error …" of a process that runs
    /// criu's code in its own memory.
    private static func error(in line: ArraySlice<UInt8>) -> ByteString? {
        let mark = Array("Error (".utf8)
        var rest = line
        // The time, and behind it who speaks.
        for _ in 0..<4 {
            if rest.starts(with: mark) { return ByteString(rest.prefix(512)) }
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
            rest = rest[(space + 1)...].drop { $0 == UInt8(ascii: " ") }
        }
        return nil
    }
}

extension ByteString {
    fileprivate var isConsequence: Bool {
        hasPrefix("Error (criu/util.c") || hasSuffix("FAILED.") || has(" killed by signal ") || has(" exited, status=")
    }

    private func has(_ text: ByteString) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: text.bytes) }
    }
}
