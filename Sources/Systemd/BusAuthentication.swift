import Bytes
import Errors
import Linux

extension BusStream {
    /// The longest line of the other side's. The specification gives no limit; "OK" and a GUID are 35 bytes.
    private static let longestLine = 1024
    private static let step = "authenticate to D-Bus"

    /// Proves to the other side who we are: the mechanism EXTERNAL, for which the kernel tells it our user id. D-Bus
    /// Specification, "Authentication Protocol".
    ///
    /// - Parameters:
    ///   - user: our user id, which the other side compares with the kernel's. nil claims none.
    ///   - deadline: when to give up.
    /// - Throws: `cgroup` if we aren't accepted.
    mutating func authenticate(as user: UInt32?, until deadline: Deadline) throws(BusError) {
        // The NUL is a byte for the kernel to attach credentials to, on other systems than Linux.
        var begin: ByteString = "\0AUTH EXTERNAL"
        if let user { begin = begin + " " + ByteString(hexadecimal: ByteString(decimal: user).bytes) }
        try send((begin + "\r\n").bytes, for: BusStream.step, until: deadline)
        while true {
            let line = try line(limit: BusStream.longestLine, for: BusStream.step, until: deadline)
            let (command, rest) = line.splitOnce(separator: UInt8(ascii: " ")) ?? (line, "")
            switch command {
            case "OK":
                try send(Array("BEGIN\r\n".utf8), for: BusStream.step, until: deadline)
                return
            case "DATA" where user == nil && rest.isEmpty:
                // The other side asks whose rights we want: those that the kernel tells.
                try send(Array("DATA\r\n".utf8), for: BusStream.step, until: deadline)
            case "REJECTED": throw refusal("it doesn't accept this user")
            default: throw refusal("it answered \"" + WireText.safe(line) + "\"")
            }
        }
    }

    private func refusal(_ reason: String) -> BusError {
        BusError(RuntimeError(.cgroup, "can't " + BusStream.step + ": " + reason))
    }
}
