import Bytes

/// A system call that failed: its name and the kernel's error number. See errno(3).
public struct SystemError: Error, Equatable, Sendable {
    /// The name of the call, a constant of the program with a NUL at its end. A StaticString would take three words instead of
    /// one, in the hundreds of places that pass an error on.
    private nonisolated(unsafe) let name: UnsafePointer<UInt8>
    public let errno: Errno

    /// An error of the system call with this name.
    public init(_ call: StaticString, errno: Errno) {
        name = call.utf8Start
        self.errno = errno
    }

    /// The name of the call, as in the manual: "openat2".
    public var call: String { String(cString: name) }

    /// The error of a call that has just failed: its number is taken from errno.
    public static func last(_ call: StaticString) -> SystemError { SystemError(call, errno: .last) }

    /// The text of the error number, as in errno(3): "no such file or directory".
    public var text: String { SystemError.text(of: errno) }

    /// The text of an error number, as in errno(3), or "unknown error N".
    public static func text(of errno: Errno) -> String {
        var line: Int32 = 1
        let sentences = UnsafeBufferPointer(start: errorSentences.utf8Start, count: errorSentences.utf8CodeUnitCount)
        var rest = sentences[...]
        while line < errno.rawValue, let end = rest.firstIndex(of: 0x0A) {
            rest = rest[(end + 1)...]
            line += 1
        }
        let sentence = rest.prefix { $0 != 0x0A }
        guard line == errno.rawValue, !sentence.isEmpty else { return "unknown error " + String(errno.rawValue) }
        return String(decoding: sentence, as: UTF8.self)
    }

    /// Compares the error numbers alone, not the names of the calls.
    public static func == (left: SystemError, right: SystemError) -> Bool { left.errno == right.errno }
}
