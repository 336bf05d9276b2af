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
    private func number(_ name: ByteString) -> UInt64? {
        guard let descriptor else { return nil }
        let text = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, filled in
            filled = max(pread(descriptor, buffer.baseAddress, buffer.count, 0), 0)
        }
        let field: ByteString = "\n" + name + ":\t"
        guard let start = text.indices.first(where: { text[$0] == 0x0A && text[$0...].starts(with: field.bytes) }) else {
            return nil
        }
        return ByteString(text[(start + field.count)...].prefix(16)).hexadecimal
    }
}
