import Bytes

/// A system call that failed: its name and the kernel's error number. See errno(3).
public struct SystemError: Error, Equatable, Sendable {
    /// A constant of the program that ends in NUL. As a StaticString it would be three words, not one, in the hundreds of places that pass
    /// an error on.
    private nonisolated(unsafe) let name: UnsafePointer<UInt8>
    public let errno: Errno

    public init(_ call: StaticString, errno: Errno) {
        name = call.utf8Start
        self.errno = errno
    }

    /// The call as the manual names it: "openat2".
    public var call: String { String(cString: name) }

    /// What the last failed call left behind.
    public static func last(_ call: StaticString) -> SystemError { SystemError(call, errno: .last) }

    /// What errno(3) says of the number: "no such file or directory".
    public var text: String { SystemError.text(of: errno) }

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

    public static func == (left: SystemError, right: SystemError) -> Bool { left.errno == right.errno }
}
