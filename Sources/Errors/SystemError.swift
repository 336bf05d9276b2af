public import CLinux

/// A system call that failed: its name and the kernel's error number. See errno(3).
public struct SystemError: Error, Equatable, Sendable {
    /// The call as the manual names it: "openat2".
    public let call: StaticString
    public let errno: Int32

    public init(_ call: StaticString, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// What the last failed call left behind.
    public static func last(_ call: StaticString) -> SystemError { SystemError(call, errno: c_errno()) }

    /// The C library's sentence for the number: "No such file or directory".
    public var text: String { SystemError.text(of: errno) }

    /// The C library's sentence for an error number, in lower case at its start as Go's runtime writes it: engines match that.
    public static func text(of errno: Int32) -> String {
        // Not strerror: for numbers that it doesn't know it needs printf.
        guard let sentence = strerrordesc_np(errno) else { return "unknown error " + String(errno) }
        var bytes: [UInt8] = []
        var index = 0
        while sentence[index] != 0 {
            bytes.append(UInt8(bitPattern: sentence[index]))
            index += 1
        }
        if bytes.count > 1, (0x41...0x5A).contains(bytes[0]), (0x61...0x7A).contains(bytes[1]) { bytes[0] |= 0x20 }
        return String(decoding: bytes, as: UTF8.self)
    }

    public static func == (left: SystemError, right: SystemError) -> Bool { left.errno == right.errno }
}
