import Bytes
import CLinux
import Errors

/// The calling process's file /proc/PID/status, proc_pid_status(5). It tells in one call what would take dozens to ask for, and
/// once it's open, it needs no procfs any more.
public final class OwnStatus {
    private var file: FileDescriptor?

    /// Opens the file, in the host's procfs with this root. If that fails, the caller has to find out in another way what it
    /// wants to know.
    public init?(procfs: Int32) {
        guard let own = try? ProcFileSystem.own(at: procfs),
            let file = try? FileDescriptor.open(own + "/status", at: procfs, flags: [.readOnly, .noFollow])
        else { return nil }
        self.file = consume file
    }

    /// The descriptor's number; nil once it's closed.
    public var descriptor: Int32? {
        switch file {
        case .some(let file): file.rawValue
        case nil: nil
        }
    }

    public func close() { file = nil }

    /// The signals that this process ignores, bit n - 1 for signal n.
    public var ignoredSignals: UInt64? { number("SigIgn") }

    /// The bounding set of capabilities.
    public var bounding: CapabilitySet? { number("CapBnd").map { CapabilitySet(bits: $0) } }

    /// A number of 16 hexadecimal digits: nil if the file is closed or lacks it.
    private func number(_ name: StaticString) -> UInt64? {
        guard let descriptor else { return nil }
        // On the stack, which a process gives up before others in its pid namespace can read its memory: the file tells the
        // host's pids and the caller's groups.
        var text = InlineArray<8192, UInt8>(repeating: 0)
        var bytes = text.mutableSpan
        return bytes.withUnsafeMutableBytes { buffer in
            let length = max(pread(descriptor, buffer.baseAddress, buffer.count, 0), 0)
            return OwnStatus.number(name, in: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
        }
    }

    /// The number in the line that begins with a name. The line must be complete.
    static func number(_ name: StaticString, in text: UnsafeRawBufferPointer) -> UInt64? {
        let name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        let digits = 16
        var line = 0
        while let end = text[line...].firstIndex(of: UInt8(ascii: "\n")) {
            let value = line + name.count + 2
            if end - value == digits, text[value - 2] == UInt8(ascii: ":"), text[line..<(value - 2)].elementsEqual(name) {
                return ByteString(Array(text[value..<end])).hexadecimal
            }
            line = end + 1
        }
        return nil
    }
}
