import Bytes
import Errors
import Linux

/// criu's log, which tells why criu failed.
struct CriuLog {
    let path: ByteString

    private static let limit = 64 << 20

    /// Makes an error of a failure of criu, with the reason that criu gave.
    ///
    /// - Parameters:
    ///   - what: What failed, in words.
    ///   - output: What criu wrote to its standard streams before it opened its log.
    ///   - response: criu's response, if there was one.
    /// - Returns: An error of the code `checkpoint`.
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

    /// The last line, which may be that of the dynamic loader if criu lacks a library.
    private static func lastLine(of output: [UInt8]) -> ByteString? {
        output.split(separator: UInt8(ascii: "\n")).last.map { ByteString($0.prefix(512)) }
    }

    /// The line of the log that tells most about the cause.
    ///
    /// criu reports the cause first and its consequences later, so this is the first error. Lines about the end of a helper
    /// program or of a restored process are skipped if there are others: such an end may be no error, or doesn't tell its
    /// reason.
    static func cause(in log: [UInt8]) -> ByteString? {
        let lines = log.split(separator: UInt8(ascii: "\n")).compactMap { line in error(in: line) }
        return lines.first { !$0.isConsequence } ?? lines.first
    }

    /// The error in a line, without the time in front: nil if the line reports no error.
    ///
    /// Lines have the form "(00.012345) Error (criu/x.c:12): TEXT". A process that runs criu's code in its own memory writes
    /// "(00.012345) pie:    36: Error …".
    private static func error(in line: ArraySlice<UInt8>) -> ByteString? {
        let mark = Array("Error (".utf8)
        var rest = line
        // Skips the time, and the name and number of the process.
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
